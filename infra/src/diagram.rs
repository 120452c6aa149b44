//! Pictures of a template, made of nothing but the template: resources by service, and what refers
//! to what.
//!
//! An arrow leads from a resource to what it refers to: from a function to its role, from a role to
//! what it may use.

mod graph;
mod layout;
mod mermaid;
mod svg;

pub use self::mermaid::mermaid;
pub use self::svg::svg;
