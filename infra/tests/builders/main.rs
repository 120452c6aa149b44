//! The builders: what they write, what the check pass finds, and what is generated.

mod bounds;
mod check;
mod diagram;
mod emission;
mod generated;
mod limits;
mod policies;
mod readme;
mod references;
mod values;

#[path = "../../examples/thumbnails.rs"]
#[expect(dead_code, reason = "its `main` prints the template")]
mod thumbnails;

use mcp_lambda_infra::check::{Finding, check};
use mcp_lambda_infra::core::*;

/// Writes a golden file without a module's name.
fn pinned(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A template that is written by a function, which must not fail.
fn template(write: impl FnOnce(&mut Template) -> Result<(), InvalidTemplate>) -> Template {
    let mut template = Template::new("A test");
    write(&mut template).expect("names are fine");
    template
}

/// What the check pass finds, a line each, apart from what is not used.
fn found(template: &Template) -> Vec<String> {
    let used = |finding: &Finding| finding.concern != mcp_lambda_infra::check::Concern::Unused;
    check(template).iter().filter(|finding| used(finding)).map(ToString::to_string).collect()
}
