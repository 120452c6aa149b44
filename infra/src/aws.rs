//! Builders of resources, generated from `spec/schemas.json`.
//!
//! There is a module for each service, such as `sqs`, with a builder for each resource, such as
//! `Queue`, and for each resource a module, such as `queue`, with the types of its properties.
//! What is required is an argument of `new`; everything else is a function of the same name.

include!(concat!(env!("OUT_DIR"), "/aws.rs"));
