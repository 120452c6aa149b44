//! Deploying and publishing, against an emulated AWS that verifies signatures and enforces
//! policies.

mod diffs;
mod failures;
mod packaging;
mod publishing;
mod repository;
mod stacks;
mod templates;
mod world;
