//! `publish` as somebody types it, with a stand-in for the Serverless Application Repository.

use std::path::Path;
use std::time::Duration;

use mcp_lambda_test_support::application_repository::ApplicationRepository;
use mcp_lambda_test_support::ministack::{Ministack, REGION};
use serde_json::{Value, json};

use crate::support::command::{Finished, run};
use crate::support::repository;
use crate::support::server::program;

/// How long a command may take: seconds, on a machine that is busy with builds much more.
const PATIENCE: Duration = Duration::from_secs(180);

/// Publishes the recorded template where nothing else answers than these.
fn publish(aws: &str, applications: &str, arguments: &[&str]) -> Finished {
    let mut command = program();
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", aws)
        .env("AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY", applications)
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .args(["publish", "--template"])
        .arg(repository("tests/foreign/sar/packaged.json"))
        .args(arguments);
    run(&mut command, PATIENCE).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn audiences_that_cannot_be_are_explained_before_anything_is_asked() {
    // Nobody listens there.
    let nowhere = "http://127.0.0.1:1";
    for (arguments, said) in [
        (&["--public", "--share-with", "111122223333"][..], "--public lets everybody deploy it"),
        (&["--public", "--share-with-organization", "o-a1b2c3d4e5"], "leave out one or the other"),
        (&["--share-with", "111122223333,1111"], "\"1111\" is not an account"),
        (&["--share-with", "*"], "\"*\" is not an account"),
        (&["--share-with-organization", "111122223333"], "is not an organization"),
    ] {
        let refused = publish(nowhere, nowhere, arguments);
        assert_eq!(refused.code, Some(2), "{refused}");
        assert!(refused.stderr.contains(said), "{refused}");
    }
}

#[test]
fn a_dry_run_shows_the_policy_and_asks_nothing() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(aws) = Ministack::start(target, true) else { return };
    let applications = ApplicationRepository::open(aws.emulator());
    let publish = |arguments: &[&str]| {
        let finished = publish(aws.endpoint(), applications.endpoint(), arguments);
        assert_eq!(finished.code, Some(0), "{finished}");
        finished.stdout
    };
    let shared = ["--dry-run", "--share-with", "444455556666,111122223333"];
    let shared = [&shared[..], &["--share-with-organization", "o-a1b2c3d4e5"]].concat();
    let policy = json!([
        {"Principals": ["111122223333", "444455556666"], "Actions": ["Deploy"]},
        {
            "Principals": ["*"],
            "PrincipalOrgIDs": ["o-a1b2c3d4e5"],
            "Actions": ["Deploy", "UnshareApplication"]
        }
    ]);
    let text = publish(&shared);
    let (steps, shown) = text.split_once("with the policy\n").expect("a policy");
    let wanted = "let 111122223333 and 444455556666 and the organization o-a1b2c3d4e5 deploy it, \
                  and nobody else";
    assert!(steps.contains(wanted), "{text}");
    let shown = shown.strip_suffix("Nothing was asked").unwrap_or_else(|| panic!("{text}"));
    assert_eq!(serde_json::from_str::<Value>(shown).expect("JSON"), policy);

    let json = publish(&[&shared[..], &["--json"]].concat());
    let mut lines = json.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let plan = lines.find(|line| line["event"] == "plan").expect("a plan");
    assert_eq!(plan["policy"], policy);

    let private = publish(&["--dry-run"]);
    assert!(!private.contains("policy"), "{private}");
    let asked = applications.requests();
    assert!(
        !asked.is_empty() && asked.iter().all(|one| one.contains(r#""method": "GET""#)),
        "{asked:?}"
    );
}
