//! Values: placeholders, texts of JSON, conditions, lists and kinds.

use mcp_lambda_infra::aws::{iam, lambda, sqs};
use mcp_lambda_infra::core::*;

use crate::template;

fn json(value: &impl ToNode) -> String {
    serde_json::to_string(&value.to_node()).expect("JSON")
}

#[test]
fn references_are_written_into_texts() {
    template(|template| {
        let stack = template.parameter("Stack", Parameter::text())?;
        let queue = template.add("Queue", sqs::Queue::new())?;
        let text = sub!("${stack}/${AWS::Region}/${arn}", stack = stack, arn = queue.arn());
        assert_eq!(json(&text), r#"{"Fn::Sub":"${Stack}/${AWS::Region}/${Queue.Arn}"}"#);
        Ok(())
    });
}

#[test]
fn texts_within_texts_are_joined() {
    let inner = sub!("b${AWS::Region}");
    assert_eq!(json(&sub!("a${inner}c", inner = inner)), r#"{"Fn::Sub":"ab${AWS::Region}c"}"#);
}

#[test]
fn literals_are_written_into_texts_and_stay_literal() {
    let literal = "${x}".to_owned();
    assert_eq!(json(&sub!("a${it}", it = literal)), r#""a${x}""#);
    let both = sub!("${AWS::Region}${it}", it = literal);
    assert_eq!(json(&both), r#"{"Fn::Sub":"${AWS::Region}${!x}"}"#);
    assert_eq!(json(&sub!("${!Kept} ${number}", number = 7)), r#""${Kept} 7""#);
}

#[test]
fn other_functions_become_variables() {
    template(|template| {
        let list = template.parameter("List", Parameter::list())?;
        let text = sub!("${all}!", all = list.join("-"));
        assert_eq!(
            json(&text),
            r#"{"Fn::Sub":["${all}!",{"all":{"Fn::Join":["-",{"Ref":"List"}]}}]}"#
        );
        Ok(())
    });
}

#[test]
fn an_object_as_text_keeps_its_quotes() {
    template(|template| {
        let name = template.parameter("Name", Parameter::text())?;
        let body = object! {
            "title": sub!("say \"${name}\"", name = name),
            "width": 24,
            "live": true,
            "rows": object! { "a\"b": "${literal}", "names": [name.clone()] },
        };
        assert_eq!(
            body.to_json_text().node().as_intrinsic().map(|it| json(&it.argument())),
            Some(json(&Node::from(
                r#"{"title":"say \"${Name}\"","width":24,"live":true,"rows":{"a\"b":"${!literal}","names":["${Name}"]}}"#
            )))
        );
        Ok(())
    });
}

#[test]
fn predicates_of_one_operator_are_one_list() {
    template(|template| {
        let a = template.parameter("A", Parameter::text())?;
        let is = |text: &str| a.equals(text);
        let both = is("1") & is("2") & is("3");
        assert_eq!(json(both.node()).matches("Fn::And").count(), 1);
        let mixed = !(is("1") | is("2")) & is("3");
        assert_eq!(json(mixed.node()).matches("Fn::Or").count(), 1);
        let many = (0..12).map(|number| is(&number.to_string())).reduce(|one, two| one | two);
        let many = json(many.expect("twelve").node());
        assert_eq!(many.matches("Fn::Or").count(), 2, "at most ten operands each: {many}");
        Ok(())
    });
}

#[test]
fn a_value_under_a_condition_fits_where_the_value_fits() {
    template(|template| {
        let mode = template.parameter("Mode", Parameter::flag(false))?;
        let on = template.condition("On", mode.equals("true"))?;
        let key = template.parameter("KeyArn", Parameter::text())?;
        let queue = template.add(
            "Queue",
            sqs::Queue::new()
                .kms_master_key_id(on.only(&key))
                .delay_seconds(on.choose(5, 0))
                .fifo_queue(on.choose(true, Absent)),
        )?;
        let properties = &template.resources()[queue.logical_id()].properties;
        assert_eq!(
            json(&properties["KmsMasterKeyId"]),
            r#"{"Fn::If":["On",{"Ref":"KeyArn"},{"Ref":"AWS::NoValue"}]}"#
        );
        assert_eq!(json(&properties["DelaySeconds"]), r#"{"Fn::If":["On",5,0]}"#);
        Ok(())
    });
}

#[test]
fn kinds_take_text_and_their_own() {
    template(|template| {
        let arn = template.parameter("RoleArn", Parameter::text())?;
        let role = template
            .add("Role", iam::Role::new(PolicyDocument::assumed_by("lambda.amazonaws.com")))?;
        let code = || lambda::function::Code::new().s3_bucket("b").s3_key("k");
        lambda::Function::new(code(), role.arn());
        let own = role.arn();
        lambda::Function::new(code(), &own);
        lambda::Function::new(code(), own);
        lambda::Function::new(code(), &arn);
        lambda::Function::new(code(), "arn:aws:iam::123456789012:role/x");
        // Text of another kind fits where somebody says so.
        let queue = template.add("Queue", sqs::Queue::new())?;
        lambda::Function::new(code(), queue.arn().text());
        Ok(())
    });
}

#[test]
fn statements_have_one_or_several() {
    let one = Statement::allow(["sqs:SendMessage"]).on("arn:x");
    assert_eq!(json(&one), r#"{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:x"}"#);
    let full = Statement::deny(["a:B", "c:D"])
        .sid("No")
        .principal(Principal::service("x.amazonaws.com"))
        .principal(Principal::arn("arn:1"))
        .principal(Principal::arn("arn:2"))
        .on_each(["arn:x", "arn:y"])
        .when(ConditionOperator::StringEquals, "aws:k", "1")
        .when(ConditionOperator::StringEquals, "aws:k", "2")
        .when(ConditionOperator::Bool, "aws:s", "true");
    assert_eq!(
        json(&full),
        concat!(
            r#"{"Sid":"No","Effect":"Deny","Principal":{"Service":"x.amazonaws.com","AWS":["arn:1","arn:2"]},"#,
            r#""Action":["a:B","c:D"],"Resource":["arn:x","arn:y"],"#,
            r#""Condition":{"StringEquals":{"aws:k":["1","2"]},"Bool":{"aws:s":"true"}}}"#
        )
    );
}
