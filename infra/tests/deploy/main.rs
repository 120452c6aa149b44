//! Deploying and publishing, against an emulated AWS that verifies signatures and enforces
//! policies.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "events may become more, and tests name those that they mean"
)]

mod diffs;
mod failures;
mod packaging;
mod publishing;
mod stacks;
mod templates;
mod world;

#[path = "../../examples/deploy.rs"]
#[expect(dead_code, reason = "its `main` finds credentials as the AWS CLI does")]
mod example;
