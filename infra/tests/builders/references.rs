//! References that lead nowhere, not always, or round in circles.

use mcp_lambda_infra::aws::{serverless, sns, sqs};
use mcp_lambda_infra::core::*;
use mcp_lambda_infra::value::node::Intrinsic;

use crate::{found, template};

fn raw(intrinsic: Intrinsic) -> Value<String> {
    Value::from_node(intrinsic.into())
}

fn reference(name: &str) -> Value<String> {
    raw(Intrinsic::Ref(name.to_owned()))
}

/// A handle of something that is in another template.
fn elsewhere() -> Handle<sqs::Queue> {
    Template::new("Another").add("Elsewhere", sqs::Queue::new()).expect("a queue")
}

#[test]
fn what_is_not_there_is_found_wherever_it_is_mentioned() {
    let gone = elsewhere();
    let template = template(|template| {
        template.add("A", sns::Topic::new().topic_name(reference("Nothing")))?;
        template.add("B", sns::Topic::new().topic_name(gone.queue_name()))?;
        template.add("C", sns::Topic::new().topic_name(sub!("x-${q}", q = gone.queue_name())))?;
        template.add("D", sns::Topic::new().depends_on(&gone))?;
        template.output("E", gone.arn())
    });
    let missing = |place: &str, name: &str| {
        format!("error: {place}: No parameter and no resource is called {name}")
    };
    assert_eq!(
        found(&template),
        [
            missing("resource A/Properties/TopicName", "Nothing"),
            missing("resource B/Properties/TopicName", "Elsewhere"),
            missing("resource C/Properties/TopicName", "Elsewhere"),
            missing("resource D/DependsOn", "Elsewhere"),
            missing("output E/Value", "Elsewhere"),
        ]
    );
}

#[test]
fn attributes_are_those_of_the_type() {
    let attribute = |name: &str| {
        raw(Intrinsic::GetAtt { resource: "Queue".to_owned(), attribute: name.to_owned() })
    };
    let template = template(|template| {
        template.add("Queue", sqs::Queue::new())?;
        template.output("A", attribute("Arn"))?;
        template.output("B", attribute("Colour"))
    });
    assert_eq!(
        found(&template),
        ["error: output B/Value: AWS::SQS::Queue has no attribute Colour"]
    );
}

#[test]
fn mappings_have_what_is_looked_up() {
    let template = template(|template| {
        let sizes = template.mapping("Sizes", Table::new().row("small", [("memory", 128)]))?;
        let region = pseudo::region();
        template.output("Good", Output::new(sizes.find("small", "memory")))?;
        template.output("Unknown", Output::new(sizes.find(region, "memory")))?;
        template.output("Row", Output::new(sizes.find("large", "memory")))?;
        template.output("Column", Output::new(sizes.find("small", "disk")))
    });
    assert_eq!(
        found(&template),
        [
            "error: output Row/Value: The mapping Sizes has nothing for large and memory",
            "error: output Column/Value: The mapping Sizes has nothing for small and disk",
        ]
    );
}

#[test]
fn conditions_and_rules_know_parameters_only() {
    let template = template(|template| {
        let on = template.parameter("On", Parameter::flag(true))?;
        let list = template.parameter("List", Parameter::list())?;
        let queue = template.add("Queue", sqs::Queue::new())?;
        let set = template.condition("Set", on.equals("true"))?;
        template.condition("Wrong", queue.arn().text().equals("x"))?;
        template.condition("Ruled", Predicate::contains(&list, "x"))?;
        template.condition("Gone", reference("Nothing").equals("x"))?;
        let rule = Rule::new(Predicate::contains(&list, "x"), "Has no x").when(set.holds());
        template.rule("Good", Rule::new(Predicate::each_in(&list, &list), "Is odd"))?;
        template.rule("Bad", rule)
    });
    assert_eq!(
        found(&template),
        [
            "error: rule Bad/RuleCondition: Rules know no conditions, and so cannot refer to Set",
            "error: condition Wrong: Conditions know no resources, such as Queue",
            "error: condition Ruled: Fn::Contains is for rules only",
            "error: condition Gone: No parameter is called Nothing",
        ]
    );
}

#[test]
fn circles_are_found_once() {
    let name = |id: &str| {
        raw(Intrinsic::GetAtt { resource: id.to_owned(), attribute: "TopicName".to_owned() })
    };
    let template = template(|template| {
        template.add("Before", sns::Topic::new().topic_name(name("One")))?;
        template.add("One", sns::Topic::new().topic_name(name("Two")))?;
        template.add("Two", sns::Topic::new().topic_name(name("Three")))?;
        template.add("Three", sns::Topic::new().topic_name(sub!("${one}", one = name("One"))))?;
        template.add("After", sns::Topic::new().topic_name("fixed"))?;
        Ok(())
    });
    assert_eq!(
        found(&template),
        ["error: resource One: Resources need each other: One, Three, Two"]
    );
}

#[test]
fn conditions_that_refer_to_themselves_are_found() {
    let on = pseudo::region();
    let mut other = Template::new("Another");
    let second = other.condition("Second", on.equals("x")).expect("a condition");
    let template = template(|template| {
        let first = template.condition("First", !second.holds())?;
        template.condition("Second", first.holds() & on.equals("x"))?;
        template.add_when(&second, "Queue", sqs::Queue::new())?;
        Ok(())
    });
    assert_eq!(
        found(&template),
        [
            "error: condition First: The condition First refers to itself",
            "error: condition Second: The condition Second refers to itself",
        ]
    );
}

/// Whether a queue that exists under one condition may be mentioned under another.
fn is_there(
    needed: impl Fn(&Value<String>, &Value<String>) -> Predicate,
    has: impl Fn(&Value<String>, &Value<String>) -> Predicate,
) -> bool {
    let template = template(|template| {
        let a = template.parameter("A", Parameter::text())?;
        let b = template.parameter("B", Parameter::text())?;
        let needed = template.condition("Needed", needed(&a, &b))?;
        let has = template.condition("Has", has(&a, &b))?;
        let queue = template.add_when(&needed, "Queue", sqs::Queue::new())?;
        template.add_when(&has, "Topic", sns::Topic::new().topic_name(queue.queue_name()))?;
        Ok(())
    });
    found(&template).is_empty()
}

#[test]
fn conditions_are_understood() {
    let one = |a: &Value<String>, _: &Value<String>| a.equals("1");
    assert!(is_there(one, one));
    assert!(is_there(one, |a, b| a.equals("1") & b.equals("2")));
    assert!(is_there(|a, b| a.equals("1") | b.equals("2"), one));
    assert!(is_there(|a, _| !a.equals("2"), one), "what equals 1 does not equal 2");
    assert!(!is_there(one, |_, b| b.equals("2")));
    assert!(!is_there(|a, b| a.equals("1") & b.equals("2"), one));
    assert!(!is_there(one, |a, _| !a.equals("1")));
}

#[test]
fn other_conditions_do_not_matter() {
    let template = template(|template| {
        let name = template.parameter("Name", Parameter::text())?;
        for number in 0..40 {
            let is = name.equals(number.to_string());
            let condition = template.condition(&format!("Is{number}"), is)?;
            template.add_when(&condition, &format!("Queue{number}"), sqs::Queue::new())?;
        }
        let one = template.condition("One", name.equals("1"))?;
        let both = template.condition("Both", one.holds() & name.equals("2"))?;
        let queue = template.add_when(&both, "Queue", sqs::Queue::new())?;
        template.output("Missing", Output::new(queue.arn()).only_if(&one))?;
        template.output("Never", Output::new(queue.arn()).only_if(&both))
    });
    let sentence = "Queue exists only if Both holds, but this may without it";
    assert_eq!(found(&template), [format!("error: output Missing/Value: {sentence}")]);
}

#[test]
fn a_value_is_there_in_the_right_branch() {
    let template = template(|template| {
        let on = template.parameter("On", Parameter::flag(true))?;
        let on = template.condition("IsOn", on.equals("true"))?;
        let queue = template.add_when(&on, "Queue", sqs::Queue::new())?;
        template.output("Good", Output::new(on.choose(queue.arn(), "none")))?;
        template.output("Better", Output::new(queue.arn()).only_if(&on))?;
        template.output("Wrong", Output::new(on.choose("none", queue.arn())))?;
        template.output("Always", queue.arn())
    });
    let sentence = "Queue exists only if IsOn holds, but this may without it";
    assert_eq!(
        found(&template),
        [
            format!("error: output Wrong/Value: {sentence}"),
            format!("error: output Always/Value: {sentence}")
        ]
    );
}

#[test]
fn what_sam_makes_is_known() {
    use serverless::function::{AuthType, FunctionUrlConfig};
    let function = || serverless::Function::new().code_uri("x/").handler("bootstrap");
    let template = template(|template| {
        let with = template.add(
            "With",
            function().function_url_config(FunctionUrlConfig::new(AuthType::AwsIam)),
        )?;
        let without = template.add("Without", function())?;
        template.output("Good", with.function_url())?;
        template.output("Bad", without.function_url())
    });
    assert_eq!(
        found(&template),
        ["error: output Bad/Value: No parameter and no resource is called WithoutUrl"]
    );
}

#[test]
fn variables_without_placeholder_are_found() {
    let variables = [("x".to_owned(), Node::from("1"))].into_iter().collect();
    let template = template(|template| {
        template.output("A", raw(Intrinsic::Sub { text: "none".to_owned(), variables }))
    });
    let all: Vec<String> =
        mcp_lambda_infra::check::check(&template).iter().map(ToString::to_string).collect();
    assert_eq!(all, ["warning: output A/Value: The variable x of Fn::Sub has no placeholder"]);
}
