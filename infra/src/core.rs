//! The words that templates are written with.
//!
//! `use mcp_lambda_infra::core::*` together with the modules of [`aws`](crate::aws) is all that a
//! stack needs.

pub mod policy;
pub mod serverless;
mod tag;

pub use self::policy::{ConditionOperator, PolicyDocument, Principal, Statement};
pub use self::tag::Tag;
pub use crate::template::{
    Absent, Condition, Declaration, DeletionPolicy, Handle, If, InvalidTemplate, Mapping, Output,
    Parameter, Predicate, Resource, Rule, Table, Template, UpdateReplacePolicy,
};
pub use crate::value::node::{Members, Node};
pub use crate::value::object::Object;
pub use crate::value::{
    IntoValue, Json, Kind, Map, Textual, ToNode, Value, Word, pseudo, substitute,
};
pub use crate::{object, sub};
