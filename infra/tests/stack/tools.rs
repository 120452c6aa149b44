//! The foreign tools that templates and policies are checked with, as functions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mcp_lambda_test_support::command::run;
use mcp_lambda_test_support::template_tools::{TemplateTools, template_tools};
use serde_json::Value;

use crate::evaluate::text;

/// How long a tool may take for all templates, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);
/// What cfn-guard exits with if a rule is broken.
const BROKEN: i32 = 19;

/// The tools; nothing if the foreign part of the tests is left out.
pub(crate) fn tools() -> Option<&'static TemplateTools> {
    template_tools(Path::new(env!("CARGO_TARGET_TMPDIR")))
}

/// What `lint.py` says of a template.
pub(crate) struct Linted {
    pub(crate) template: PathBuf,
    /// What cfn-lint and `sam validate --lint` have against it, and against its expansion.
    pub(crate) findings: Vec<String>,
    /// What the rules for serverless templates have against it.
    pub(crate) serverless: Findings,
    /// What the SAM translator makes of it; null if it has nothing to expand.
    pub(crate) expanded: Value,
}

/// Lints templates, two at a time.
pub(crate) fn lint(tools: &TemplateTools, templates: &[PathBuf]) -> Vec<Linted> {
    let (first, second) = templates.split_at(templates.len() / 2);
    let lines = std::thread::scope(|scope| {
        let run = |half: &[PathBuf]| match half {
            [] => String::new(),
            half => output(tools.lint().args(half)),
        };
        let first = scope.spawn(move || run(first));
        let second = run(second);
        first.join().expect("no panic") + "\n" + &second
    });
    let lines = lines.lines().filter(|line| !line.is_empty());
    let reports: Vec<Linted> = lines.map(linted).collect();
    assert_eq!(reports.len(), templates.len());
    reports
}

fn linted(line: &str) -> Linted {
    let mut report: Value = serde_json::from_str(line).expect("JSON");
    let list = |name: &str| -> Vec<String> {
        let found = report[name].as_array().expect("a list");
        found.iter().map(|finding| text(finding).to_owned()).collect()
    };
    let mut serverless = Findings::new();
    for finding in list("serverless") {
        let (rule, rest) = finding.split_once(" Resources/").expect("a rule and a resource");
        let resource = rest.split(['/', ':']).next().unwrap_or(rest);
        serverless.entry(rule.to_owned()).or_default().insert(resource.to_owned());
    }
    Linted {
        template: PathBuf::from(text(&report["template"])),
        findings: list("lint"),
        serverless,
        expanded: report["expanded"].take(),
    }
}

/// What parliament has against policies, by their names.
pub(crate) fn audit(
    tools: &TemplateTools,
    policies: &BTreeMap<String, Value>,
) -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policies.json");
    std::fs::write(&file, serde_json::to_string(policies).expect("JSON")).expect("a file");
    serde_json::from_str(&output(tools.policies().arg(file))).expect("findings by name")
}

/// Names of resources, by what was found of them.
pub(crate) type Findings = BTreeMap<String, BTreeSet<String>>;

/// What checkov finds in templates without conditions, each on its own.
pub(crate) fn scan(tools: &TemplateTools, templates: &[&Path]) -> Vec<Findings> {
    let all: Value =
        serde_json::from_str(&output(tools.scan().args(templates))).expect("JSON by template");
    let report = |template: &&Path| {
        let report = &all[template.to_str().expect("UTF-8")];
        assert!(report["passed"].as_u64().is_some_and(|passed| passed > 0), "{report}");
        let mut findings = Findings::new();
        for failed in report["failed"].as_array().expect("a list") {
            let (check, rest) = text(failed).split_once(' ').expect("a check");
            let (resource, _) = rest.split_once(':').expect("a resource");
            findings.entry(check.to_owned()).or_default().insert(resource.to_owned());
        }
        findings
    };
    templates.iter().map(report).collect()
}

/// Which rules of AWS Control Tower a template without conditions breaks.
pub(crate) fn guard(tools: &TemplateTools, template: &Path) -> Findings {
    let mut command = tools.guard().unwrap_or_else(|error| panic!("{error}"));
    let finished = run(command.arg("-d").arg(template), PATIENCE).expect("cfn-guard ends");
    assert!(matches!(finished.code, Some(0 | BROKEN)), "{finished}");
    let reports: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    let report = &reports[0];
    let kept = report["compliant"].as_array().expect("rules that are kept");
    assert!(!kept.is_empty(), "cfn-guard knows no rule");
    let mut findings = Findings::new();
    for rule in report["not_compliant"].as_array().expect("a list") {
        let rule = &rule["Rule"];
        let name = text(&rule["name"]).to_owned();
        let mut resources = BTreeSet::new();
        collect(&rule["checks"], &mut resources);
        findings.insert(name, resources);
    }
    findings
}

/// The resources whose paths are in what cfn-guard says.
fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => {
            if let Some(Value::String(path)) = members.get("path") {
                let inner = path.strip_prefix("/Resources/");
                into.extend(inner.map(|inner| inner.split('/').next().unwrap_or(inner).to_owned()));
            }
            members.values().for_each(|member| collect(member, into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn output(command: &mut Command) -> String {
    let finished = run(command, PATIENCE).unwrap_or_else(|error| panic!("{error:.2000}"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    finished.stdout
}
