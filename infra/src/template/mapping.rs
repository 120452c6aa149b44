//! Mappings: tables of constants, by Region for example.

use std::marker::PhantomData;

use crate::value::node::{Intrinsic, Members, Node};
use crate::value::{IntoValue, ToNode, Value};

/// A mapping of a template, to look things up in.
#[derive(Clone, Debug)]
pub struct Mapping<T> {
    name: String,
    of: PhantomData<fn() -> T>,
}

impl<T> Mapping<T> {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), of: PhantomData }
    }

    /// Its name in the template.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The constant under two keys (`Fn::FindInMap`).
    pub fn find(&self, top: impl IntoValue<String>, second: impl IntoValue<String>) -> Value<T> {
        let mapping = self.name.clone();
        let (top, second) = (top.into_value().into_node(), second.into_value().into_node());
        Value::from_node(Intrinsic::FindInMap { mapping, top, second }.into())
    }
}

/// The constants of a mapping, each of which is a `T`, under two keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<T> {
    pub(crate) rows: Members,
    of: PhantomData<fn() -> T>,
}

impl<T: ToNode> Table<T> {
    /// A table without rows.
    pub fn new() -> Self {
        Self { rows: Members::new(), of: PhantomData }
    }

    /// With one more row.
    #[must_use]
    pub fn row<const N: usize>(mut self, top: &str, columns: [(&str, T); N]) -> Self {
        let columns = columns.into_iter().map(|(second, constant)| (second, constant.to_node()));
        self.rows.insert(top.to_owned(), Node::map(columns));
        self
    }
}

impl<T: ToNode> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}
