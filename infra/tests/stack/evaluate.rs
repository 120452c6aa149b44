//! What CloudFormation makes of a template with given parameters, as far as tests need it.
//!
//! It is written against the documentation of the template's sections and intrinsic functions, and
//! panics at whatever it does not know: a template that uses something new is a test that fails.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub(crate) const PARTITION: &str = "aws";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const STACK_NAME: &str = "gateway";

/// A template with its parameters, conditions and rules worked out.
pub(crate) struct Deployment {
    template: Value,
    parameters: BTreeMap<String, Value>,
    conditions: BTreeMap<String, bool>,
}

impl Deployment {
    /// Deploys with the given parameters besides the defaults; an error is what CloudFormation
    /// would say to refuse them.
    pub(crate) fn new(template: &Value, given: &[(&str, &str)]) -> Result<Self, String> {
        let mut parameters = BTreeMap::new();
        let declared = members(&template["Parameters"]);
        for (name, _) in given {
            if !declared.contains_key(*name) {
                return Err(format!("there is no parameter {name}"));
            }
        }
        for (name, declaration) in declared {
            let given = given.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
            parameters.insert(name.clone(), parameter(name, declaration, given)?);
        }
        let conditions = BTreeMap::new();
        let mut all = Self { template: template.clone(), parameters, conditions };
        for name in members(&template["Conditions"]).keys() {
            let holds = all.holds(&template["Conditions"][name]);
            all.conditions.insert(name.clone(), holds);
        }
        for rule in members(&template["Rules"]).values() {
            if rule.get("RuleCondition").is_none_or(|condition| all.holds(condition)) {
                for assertion in rule["Assertions"].as_array().expect("assertions") {
                    if !all.holds(&assertion["Assert"]) {
                        return Err(text(&assertion["AssertDescription"]).to_owned());
                    }
                }
            }
        }
        Ok(all)
    }

    /// The template without conditions and parameters: what does not hold is gone, and references
    /// to parameters are their values. References to resources stay.
    pub(crate) fn plain(&self) -> Value {
        let mut resources = Map::new();
        for (id, resource) in self.resources() {
            let mut resource = self.fold(resource, &|_, _| None).expect("a resource");
            if let Some(members) = resource.as_object_mut() {
                members.remove("Condition");
            }
            resources.insert(id.clone(), resource);
        }
        json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
    }

    /// The resources that are made, as they stand in the template.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&String, &Value)> {
        members(&self.template["Resources"]).iter().filter(|(_, resource)| {
            resource.get("Condition").is_none_or(|name| self.conditions[text(name)])
        })
    }

    /// A resource's properties with everything worked out: references to resources are what
    /// AWS would call them.
    pub(crate) fn properties(&self, id: &str) -> Value {
        self.value(&self.template["Resources"][id]["Properties"])
    }

    /// An output's value; nothing if its condition does not hold.
    pub(crate) fn output(&self, name: &str) -> Option<Value> {
        let output = &self.template["Outputs"][name];
        assert!(output.is_object(), "there is no output {name}");
        let holds = output.get("Condition").is_none_or(|name| self.conditions[text(name)]);
        holds.then(|| self.value(&output["Value"]))
    }

    /// Any value of the template with everything worked out.
    pub(crate) fn value(&self, value: &Value) -> Value {
        self.fold(value, &|id, attribute| Some(self.identity(id, attribute))).unwrap_or(Value::Null)
    }

    /// What AWS would call a resource: its name, address or ARN.
    fn identity(&self, id: &str, attribute: Option<&str>) -> Value {
        let resource = &self.template["Resources"][id];
        let kind = resource["Type"].as_str().unwrap_or_else(|| panic!("there is no resource {id}"));
        let named = |property: &str| {
            let name = resource["Properties"].get(property).map(|name| self.value(name));
            name.map_or_else(|| format!("{STACK_NAME}-{id}"), |name| text(&name).to_owned())
        };
        let arn = |service: &str, region: &str, name: String| {
            format!("arn:{PARTITION}:{service}:{region}:{ACCOUNT}:{name}")
        };
        let (name, arn) = match kind {
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
                let name = named("FunctionName");
                (name.clone(), arn("lambda", REGION, format!("function:{name}")))
            }
            "AWS::DynamoDB::Table" => {
                let name = named("TableName");
                (name.clone(), arn("dynamodb", REGION, format!("table/{name}")))
            }
            "AWS::Logs::LogGroup" => {
                let name = named("LogGroupName");
                (name.clone(), arn("logs", REGION, format!("log-group:{name}:*")))
            }
            "AWS::IAM::Role" => {
                let name = named("RoleName");
                (name.clone(), arn("iam", "", format!("role/{name}")))
            }
            // The reference to one is its name, and it has no ARN.
            "AWS::ApiGateway::Stage" => (named("StageName"), String::new()),
            "AWS::Events::Rule" => {
                let name = named("Name");
                (name.clone(), arn("events", REGION, format!("rule/{name}")))
            }
            // The reference to one is its ARN.
            "AWS::IAM::ManagedPolicy" => {
                let arn = arn("iam", "", format!("policy/{}", named("ManagedPolicyName")));
                (arn.clone(), arn)
            }
            _ => (format!("{id}-id"), format!("{id}-arn")),
        };
        match attribute {
            None => name.into(),
            Some("Arn" | "PolicyArn") => arn.into(),
            Some("FunctionUrl") => format!("https://{id}.lambda-url.{REGION}.on.aws/").into(),
            Some("RootResourceId" | "GroupId") => format!("{id}-id").into(),
            Some(other) => panic!("{kind} has no attribute {other} that is known here"),
        }
    }

    /// Works out what can be; `resource` says what references to resources become, or leaves them.
    /// Nothing is what is left out (`AWS::NoValue`).
    fn fold(
        &self,
        value: &Value,
        resource: &dyn Fn(&str, Option<&str>) -> Option<Value>,
    ) -> Option<Value> {
        let members = match value {
            Value::Array(items) => {
                let kept = items.iter().filter_map(|item| self.fold(item, resource));
                return Some(Value::Array(kept.collect()));
            }
            Value::Object(members) => members,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Some(value.clone());
            }
        };
        let only = members.iter().next().filter(|_| members.len() == 1);
        match only.map(|(function, argument)| (function.as_str(), argument)) {
            Some(("Ref", Value::String(name))) => match name.as_str() {
                "AWS::NoValue" => None,
                name => match self.known(name) {
                    Some(known) => Some(known),
                    None => Some(resource(name, None).unwrap_or_else(|| value.clone())),
                },
            },
            Some(("Fn::GetAtt", argument)) => {
                let (id, attribute) = attribute(argument);
                Some(resource(&id, Some(&attribute)).unwrap_or_else(|| value.clone()))
            }
            Some(("Fn::If", argument)) => {
                let branch = if self.conditions[text(&argument[0])] { 1 } else { 2 };
                self.fold(&argument[branch], resource)
            }
            Some(("Fn::Sub", argument)) => Some(self.substitute(argument, resource)),
            Some(("Fn::FindInMap", argument)) => {
                let key = |place: usize| self.fold(&argument[place], resource).expect("a key");
                let (map, first, second) = (key(0), key(1), key(2));
                let found = &self.template["Mappings"][text(&map)][text(&first)][text(&second)];
                assert!(!found.is_null(), "{argument} is not in the mapping");
                Some(found.clone())
            }
            Some((function, _)) if function.starts_with("Fn::") => panic!("{function} is new here"),
            _ => {
                let mut kept = Map::new();
                for (name, value) in members {
                    // A resource that is not made is none to wait for.
                    let value = match name.as_str() {
                        "DependsOn" => Some(self.made(value)),
                        _ => self.fold(value, resource),
                    };
                    kept.extend(value.map(|value| (name.clone(), value)));
                }
                Some(Value::Object(kept))
            }
        }
    }

    fn made(&self, names: &Value) -> Value {
        let all = names.as_array().cloned().unwrap_or_else(|| vec![names.clone()]);
        let made = |name: &Value| self.resources().any(|(id, _)| id == text(name));
        Value::Array(all.into_iter().filter(made).collect())
    }

    /// `Fn::Sub`: stays one if it refers to resources that stay references.
    fn substitute(
        &self,
        argument: &Value,
        resource: &dyn Fn(&str, Option<&str>) -> Option<Value>,
    ) -> Value {
        let (pattern, own) = match argument {
            Value::Array(both) => (text(&both[0]), members(&both[1])),
            other => (text(other), &Map::new()),
        };
        let (mut done, mut rest) = (String::new(), pattern);
        // What stays a reference: to a resource by its name, or to a value beside the text.
        let (mut left, mut values) = (false, Map::new());
        while let Some((before, after)) = rest.split_once("${") {
            let (name, following) = after.split_once('}').expect("a closed variable");
            done.push_str(before);
            rest = following;
            let reference = match own.get(name) {
                Some(value) => value.clone(),
                None if name.starts_with('!') => {
                    done.push_str(&format!("${{{name}}}"));
                    continue;
                }
                None if self.known(name).is_some() || !name.contains('.') => json!({"Ref": name}),
                None => json!({"Fn::GetAtt": [name]}),
            };
            match self.fold(&reference, resource).expect("a value") {
                Value::String(text) => done.push_str(&text),
                Value::Number(number) => done.push_str(&number.to_string()),
                other => {
                    left = true;
                    done.push_str(&format!("${{{name}}}"));
                    if own.contains_key(name) {
                        values.insert(name.to_owned(), other);
                    }
                }
            }
        }
        done.push_str(rest);
        match (left, values.is_empty()) {
            (false, _) => Value::String(done.replace("${!", "${")),
            (true, true) => json!({"Fn::Sub": done}),
            (true, false) => json!({"Fn::Sub": [done, values]}),
        }
    }

    /// The value of a parameter or of something that every stack has.
    fn known(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::Partition" => PARTITION.into(),
            "AWS::Region" => REGION.into(),
            "AWS::AccountId" => ACCOUNT.into(),
            "AWS::StackName" => STACK_NAME.into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::StackId" => {
                format!("arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK_NAME}/1")
                    .into()
            }
            name => return self.parameters.get(name).cloned(),
        })
    }

    fn holds(&self, condition: &Value) -> bool {
        let (function, argument) = members(condition).iter().next().expect("a condition");
        let each = || argument.as_array().expect("a list").iter();
        match function.as_str() {
            // Parameters are texts here, whatever their type.
            "Fn::Equals" => {
                let [one, other] = [0, 1].map(|at| self.value(&argument[at]));
                let plain =
                    |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                plain(&one) == plain(&other)
            }
            "Fn::Not" => !self.holds(&argument[0]),
            "Fn::And" => each().all(|one| self.holds(one)),
            "Fn::Or" => each().any(|one| self.holds(one)),
            "Condition" => self.holds(&self.template["Conditions"][text(argument)]),
            // Of rules: whether no string of a list is, or every string is, some.
            "Fn::EachMemberIn" => {
                let (one, all) = (self.value(&argument[0]), self.value(&argument[1]));
                let all = all.as_array().expect("a list");
                one.as_array().expect("a list").iter().all(|member| all.contains(member))
            }
            "Fn::Contains" => self
                .value(&argument[0])
                .as_array()
                .expect("a list")
                .contains(&self.value(&argument[1])),
            other => panic!("{other} is new here"),
        }
    }
}

/// A parameter's value: a text, a number or a list.
fn parameter(name: &str, declaration: &Value, given: Option<&str>) -> Result<Value, String> {
    let default = match &declaration["Default"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let value = given.map(str::to_owned).or(default).ok_or(format!("{name} has no value"))?;
    if let Some(allowed) = declaration["AllowedValues"].as_array() {
        let same =
            |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned) == value;
        if !allowed.iter().any(same) {
            return Err(format!("{name} is none of its values"));
        }
    }
    if let Some(pattern) = declaration["AllowedPattern"].as_str() {
        let whole = regex::Regex::new(&format!("^(?:{pattern})$")).expect("a pattern");
        if !whole.is_match(&value) {
            return Err(format!("{name} does not match {pattern}"));
        }
    }
    match text(&declaration["Type"]) {
        "String" => Ok(value.into()),
        "Number" => {
            let number: i64 = value.parse().map_err(|_| format!("{name} is no number"))?;
            let bound = |which: &str| declaration[which].as_i64();
            let low = bound("MinValue").is_some_and(|least| number < least);
            let high = bound("MaxValue").is_some_and(|most| number > most);
            if low || high { Err(format!("{name} is out of bounds")) } else { Ok(number.into()) }
        }
        "CommaDelimitedList" => {
            let parts: Vec<Value> = value.split(',').map(|part| part.trim().into()).collect();
            Ok(Value::Array(parts))
        }
        other => panic!("a parameter of type {other} is new here"),
    }
}

/// The resource and the attribute of `Fn::GetAtt`, in either form.
fn attribute(argument: &Value) -> (String, String) {
    let whole = match argument {
        Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join("."),
        other => text(other).to_owned(),
    };
    let (id, attribute) = whole.split_once('.').expect("a resource and an attribute");
    (id.to_owned(), attribute.to_owned())
}

pub(crate) fn members(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match value {
        Value::Object(members) => members,
        Value::Null => &NONE,
        other => panic!("{other} is no object"),
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
