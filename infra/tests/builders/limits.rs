//! Sizes: at and above each limit.

use mcp_lambda_infra::aws::serverless::function::Environment;
use mcp_lambda_infra::aws::{iam, serverless, sqs};
use mcp_lambda_infra::check::*;
use mcp_lambda_infra::core::*;

use crate::template;

/// What is too large, a line each.
fn sizes(template: &Template) -> Vec<String> {
    let findings = check(template).into_iter().filter(|it| it.concern == Concern::Size);
    findings.map(|finding| finding.to_string()).collect()
}

#[test]
fn counts() {
    let with = |resources: usize, parameters: usize, outputs: usize| {
        sizes(&template(|template| {
            for number in 0..resources {
                template.add(&format!("R{number}"), sqs::Queue::new())?;
            }
            for number in 0..parameters {
                template.parameter(&format!("P{number}"), Parameter::text())?;
            }
            for number in 0..outputs {
                template.output(&format!("O{number}"), Output::new("x"))?;
            }
            Ok(())
        }))
    };
    assert_eq!(with(MAX_RESOURCES, MAX_PARAMETERS, MAX_OUTPUTS), [""; 0]);
    assert_eq!(
        with(MAX_RESOURCES + 1, 0, 0),
        ["error: template: Has 501 resources, but may have no more than 500"]
    );
    assert_eq!(
        with(1, MAX_PARAMETERS + 1, MAX_OUTPUTS + 1),
        [
            "error: template: Has 201 parameters, but may have no more than 200",
            "error: template: Has 201 outputs, but may have no more than 200",
        ]
    );
}

#[test]
fn mappings() {
    let rows = |count: usize| {
        sizes(&template(|template| {
            let rows = (0..count)
                .fold(Table::new(), |table, number| table.row(&number.to_string(), [("a", "b")]));
            template.mapping("M", rows).map(|_| ())
        }))
    };
    assert_eq!(rows(MAX_MAPPINGS), [""; 0]);
    assert_eq!(rows(MAX_MAPPINGS + 1).len(), 1);
    let tables = |count: usize| {
        sizes(&template(|template| {
            for number in 0..count {
                template.mapping(&format!("M{number}"), Table::new().row("a", [("b", "c")]))?;
            }
            Ok(())
        }))
    };
    assert_eq!(tables(MAX_MAPPINGS), [""; 0]);
    assert_eq!(tables(MAX_MAPPINGS + 1).len(), 1);
}

#[test]
fn descriptions() {
    let text = |bytes: usize| "a".repeat(bytes);
    assert_eq!(sizes(&Template::new(text(MAX_DESCRIPTION_BYTES))), [""; 0]);
    assert_eq!(
        sizes(&Template::new(text(MAX_DESCRIPTION_BYTES + 1))),
        ["error: template: Has 1025 bytes of description, but may have no more than 1024"]
    );
    let parameter = |description: usize, default: usize| {
        let parameter = Parameter::text().description(&text(description)).default(text(default));
        sizes(&template(|template| template.parameter("P", parameter).map(|_| ())))
    };
    let (description, default) = (MAX_PARAMETER_DESCRIPTION_BYTES, MAX_PARAMETER_DEFAULT_BYTES);
    assert_eq!(parameter(description, default), [""; 0]);
    assert_eq!(parameter(description + 1, default + 1).len(), 2);
    let output = |bytes: usize| {
        let output = Output::new("x").description(&text(bytes));
        sizes(&template(|template| template.output("O", output)))
    };
    assert_eq!(output(MAX_DESCRIPTION_BYTES), [""; 0]);
    assert_eq!(output(MAX_DESCRIPTION_BYTES + 1).len(), 1);
}

#[test]
fn whole_templates() {
    let of = |bytes: usize| {
        let with = |filling: usize| {
            template(|template| {
                template.metadata("Filling", "a".repeat(filling));
                Ok(())
            })
        };
        let empty = with(0).to_yaml().expect("YAML").len() - "\"\"".len();
        let template = with(bytes - empty);
        assert_eq!(template.to_yaml().expect("YAML").len(), bytes);
        sizes(&template)
    };
    assert_eq!(of(MAX_INLINE_TEMPLATE_BYTES), [""; 0]);
    assert_eq!(
        of(MAX_INLINE_TEMPLATE_BYTES + 1),
        ["warning: template: Has 51201 bytes: over 51200 it is deployed from Amazon S3"]
    );
    assert_eq!(of(MAX_TEMPLATE_BYTES).len(), 1);
    assert_eq!(of(MAX_TEMPLATE_BYTES + 1).len(), 2);
}

/// A document whose JSON has that many characters.
fn document(characters: usize) -> PolicyDocument {
    let of = |sid: usize| {
        let statement = Statement::allow(["sqs:SendMessage"]).on("arn:x").sid("a".repeat(sid));
        PolicyDocument::new([statement])
    };
    let empty = serde_json::to_string(&of(0).to_node()).expect("JSON").len();
    of(characters - empty)
}

#[test]
fn policies() {
    let managed = |characters: usize| {
        let policy = iam::ManagedPolicy::new(document(characters));
        sizes(&template(|template| template.add("It", policy).map(|_| ())))
    };
    assert_eq!(managed(MAX_MANAGED_POLICY_CHARACTERS), [""; 0]);
    assert_eq!(
        managed(MAX_MANAGED_POLICY_CHARACTERS + 1),
        [
            "error: resource It/Properties/PolicyDocument: Has 6145 characters, but may have no more than 6144"
        ]
    );
    let trust = |characters: usize| {
        let role = iam::Role::new(document(characters));
        sizes(&template(|template| template.add("It", role).map(|_| ())))
    };
    assert_eq!(trust(MAX_TRUST_POLICY_CHARACTERS), [""; 0]);
    assert_eq!(trust(MAX_TRUST_POLICY_CHARACTERS + 1).len(), 1);
    let inline = |each: usize| {
        let policies = ["a", "b"].map(|name| iam::role::Policy::new(document(each), name));
        let role = iam::Role::new(document(200)).policies(policies);
        sizes(&template(|template| template.add("It", role).map(|_| ())))
    };
    assert_eq!(inline(MAX_INLINE_POLICIES_CHARACTERS / 2), [""; 0]);
    assert_eq!(inline(MAX_INLINE_POLICIES_CHARACTERS / 2 + 1).len(), 1);
}

#[test]
fn variables() {
    let function = |bytes: usize| {
        let variables = [("A", "a".repeat(bytes - r#"{"A":""}"#.len()))];
        let function =
            serverless::Function::new().environment(Environment::new().variables(variables));
        sizes(&template(|template| template.add("It", function).map(|_| ())))
    };
    assert_eq!(function(MAX_VARIABLES_BYTES), [""; 0]);
    assert_eq!(function(MAX_VARIABLES_BYTES + 1).len(), 1);
}
