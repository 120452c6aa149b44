//! Every template is pinned, its tools have nothing against it, and SAM makes the expanded one of
//! the other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cases::cases;
use crate::evaluate::{Deployment, text};
use crate::tools::{Linted, lint, tools};
use crate::{document, repository};

#[test]
fn templates_are_as_they_were() {
    insta::with_settings!({
        snapshot_path => repository("snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for case in cases() {
            let yaml = case.template().to_yaml().expect("YAML");
            insta::assert_binary_snapshot!(
                format!("template-{}.yaml", case.name).as_str(),
                yaml.into_bytes()
            );
        }
    });
}

/// The README shows it, so it stands where people look.
#[test]
fn the_picture_in_the_documents_is_the_template_s() {
    let svg = mcp_lambda_infra::diagram::svg(&cases()[0].template());
    let path = repository("docs").join("stack.svg");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &svg).expect("it is written");
    }
    let found = std::fs::read_to_string(&path).expect("the picture");
    assert!(found == svg, "`just update` writes {} again", path.display());
}

/// What is found in templates that is as it should be: the case, and what the finding begins with.
const ACCEPTED: &[(&str, &str)] = &[
    // It says so because it is still to be packaged.
    ("expanded-local", "W3002 "),
];

#[test]
fn tools_have_nothing_against_templates_and_sam_makes_the_expanded_one() {
    let Some(tools) = tools() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<PathBuf> = cases()
        .iter()
        .map(|case| {
            let file = folder.path().join(format!("{}.yaml", case.name));
            std::fs::write(&file, case.template().to_yaml().expect("YAML")).expect("a file");
            file
        })
        .collect();
    let reports = lint(tools, &files);
    let mut found = Vec::new();
    for (case, report) in cases().iter().zip(&reports) {
        assert_eq!(report.template.file_stem().and_then(|name| name.to_str()), Some(case.name));
        let accepted = |finding: &&String| {
            ACCEPTED.iter().any(|(name, start)| *name == case.name && finding.starts_with(start))
        };
        found.extend(
            report.findings.iter().filter(|one| !accepted(one)).map(|one| (case.name, one.clone())),
        );
    }
    assert!(found.is_empty(), "{found:#?}");

    let of = |name: &str| -> &Linted {
        let at = cases().iter().position(|case| case.name == name).expect("a case");
        &reports[at]
    };
    for (sam, expanded) in [
        ("sam-both", "expanded"),
        ("sam-no-api", "expanded-no-api"),
        ("sam-split-api", "expanded-split-api"),
    ] {
        let ours = cases().into_iter().find(|case| case.name == expanded).expect("a case");
        same_stacks(&of(sam).expanded, &document(&ours.template()), sam);
    }
}

/// Compares what two templates make, whatever is on.
fn same_stacks(theirs: &Value, ours: &Value, what: &str) {
    assert!(theirs.is_object(), "{what} was not expanded");
    let mut given: Vec<(&str, &str)> = crate::everything_on();
    given.retain(|(name, _)| ours["Parameters"].get(name).is_some());
    for given in [Vec::new(), given] {
        let [theirs, ours] = [theirs, ours].map(|template| {
            let made = Deployment::new(template, &given).expect("the parameters are right");
            let ids: Vec<String> = made.resources().map(|(id, _)| id.clone()).collect();
            let resources = ids.into_iter().map(|id| {
                let kind = text(&template["Resources"][&id]["Type"]).to_owned();
                let properties = normal(&kind, made.properties(&id));
                (id, (kind, properties))
            });
            resources.collect::<BTreeMap<_, _>>()
        });
        let ids = |all: &BTreeMap<String, _>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&theirs), ids(&ours), "{what} {given:?}");
        for (id, theirs) in theirs {
            assert_eq!(theirs, ours[&id], "{what} {given:?}: {id}");
        }
    }
}

/// Takes away in what form, but not in what meaning, SAM differs.
fn normal(kind: &str, mut properties: Value) -> Value {
    match kind {
        "AWS::Lambda::Function" => {
            // SAM adds a tag of its own, and sorts them.
            let tags = properties["Tags"].as_array_mut().expect("tags");
            tags.retain(|tag| tag["Key"] != "lambda:createdBy");
            tags.sort_by_key(|tag| text(&tag["Key"]).to_owned());
            // Where the code is differs between the cases, as it is packaged or not.
            properties["Code"] = Value::Null;
        }
        // An empty object is as good as none.
        "AWS::Lambda::EventInvokeConfig" => {
            let members = properties.as_object_mut().expect("properties");
            let empty = members.get("DestinationConfig").is_some_and(|one| *one == json!({}));
            if empty {
                members.remove("DestinationConfig");
            }
        }
        // SAM names the function, we give its ARN; either is taken.
        "AWS::Lambda::Url" => {
            let target = text(&properties["TargetFunctionArn"]);
            let name = target.rsplit(':').next().expect("a name").to_owned();
            properties["TargetFunctionArn"] = name.into();
        }
        _ => {}
    }
    properties
}
