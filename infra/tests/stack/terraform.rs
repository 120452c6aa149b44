//! The examples for Terraform fit the template that they deploy.

use std::collections::BTreeSet;

use mcp_lambda_infra::stack::Settings;
use serde_json::{Map, Value, json};

use crate::evaluate::text;
use crate::tools::{output, tools};
use crate::{document, repository};

/// The blocks of an example by their kind and labels.
struct Example {
    blocks: Map<String, Value>,
    /// Everything in it as text.
    text: String,
}

impl Example {
    fn block(&self, name: &str) -> &Value {
        self.blocks.get(name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// The second words of blocks of a kind.
    fn names(&self, kind: &str) -> BTreeSet<&str> {
        let names = self.blocks.keys().filter_map(|name| name.strip_prefix(kind));
        names.filter_map(|rest| rest.strip_prefix(' ')).collect()
    }

    /// What stands behind each of these words in expressions, up to the end of the name.
    fn behind(&self, word: &str) -> BTreeSet<&str> {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let pieces = self.text.split(word).skip(1);
        pieces.map(|rest| rest.split(|c| !known(c)).next().unwrap_or_default()).collect()
    }
}

fn examples() -> Option<[Example; 2]> {
    let tools = tools()?;
    Some(["stack", "repository"].map(|name| {
        let path = repository("examples/terraform").join(name).join("main.tf");
        let said = output(tools.terraform().arg(&path));
        let mut said: Value = serde_json::from_str(&said).expect("JSON");
        let file = path.to_str().expect("text");
        let Value::Object(blocks) = said[file].take() else { panic!("no blocks in {file}") };
        Example { blocks, text: std::fs::read_to_string(&path).expect("the example") }
    }))
}

#[test]
fn examples_fit_the_template() {
    let Some([stack, installed]) = examples() else { return };
    let template = document(&mcp_lambda_infra::stack::template(&Settings::default()));
    let gateways = [
        (&stack, "resource aws_cloudformation_stack gateway"),
        (&installed, "resource aws_serverlessapplicationrepository_cloudformation_stack gateway"),
    ];
    for (example, gateway) in gateways {
        assert!(!example.names("output").is_empty());
        // Every variable that is used is declared, and every one that is declared is used.
        assert_eq!(example.behind("var."), example.names("variable"), "{gateway}");
        for name in example.behind("outputs[\"") {
            assert!(template["Outputs"].get(name).is_some(), "{gateway}: the output {name}");
        }
        let parameters = example.block(gateway)["parameters"].as_object().expect("parameters");
        assert!(parameters.contains_key("StackIdentifier"), "{gateway}");
        for (name, value) in parameters {
            let declared = template["Parameters"].get(name);
            let declared = declared.unwrap_or_else(|| panic!("{gateway}: the parameter {name}"));
            if let Some(allowed) = declared["AllowedValues"].as_array() {
                let mut allowed =
                    allowed.iter().map(|one| one.as_str().map_or(one.to_string(), str::to_owned));
                assert!(allowed.any(|one| one == text(value)), "{gateway}: {name} is {value}");
            }
        }
    }
    // What CloudFormation asks for roles without names, and for SAM.
    assert_eq!(template["Transform"], "AWS::Serverless-2016-10-31");
    let capabilities = &stack.block(gateways[0].1)["capabilities"];
    assert_eq!(*capabilities, json!(["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]));
    // It goes through a bucket because it must.
    let size = template.to_string().len();
    assert!(size > 51_200, "{size}");
    assert!(stack.block("resource aws_s3_object template")["source"].is_string());
}

/// Of the data source, so that they are right whatever the published version asks for.
#[test]
fn who_installs_acknowledges_what_the_repository_asks_for() {
    let Some([_, installed]) = examples() else { return };
    let application = "data.aws_serverlessapplicationrepository_application.gateway";
    let gateway = "resource aws_serverlessapplicationrepository_cloudformation_stack gateway";
    let capabilities = &installed.block(gateway)["capabilities"];
    assert_eq!(text(capabilities), format!("${{{application}.required_capabilities}}"));
    installed.block("data aws_serverlessapplicationrepository_application gateway");
}
