//! Faults of a document, each with the place where it is.

use std::fmt;

/// One fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// A JSON pointer into the document; empty for the whole.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            return f.write_str(&self.detail);
        }
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}

/// All faults of a document; at least one.
#[derive(Clone, Debug, Default, Eq, PartialEq, thiserror::Error)]
pub struct InvalidRegistration(pub Vec<Problem>);

impl fmt::Display for InvalidRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

/// Collects faults while a document is read, so that all are reported together.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a fault.
    pub fn note(&mut self, pointer: impl Into<String>, detail: impl fmt::Display) {
        self.0.push(Problem { pointer: pointer.into(), detail: detail.to_string() });
    }

    /// Keeps a value, or notes why there is none.
    pub fn keep<T, E: fmt::Display>(&mut self, pointer: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(pointer, error);
                None
            }
        }
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults noted so far.
    pub fn into_error(self) -> InvalidRegistration {
        InvalidRegistration(self.0)
    }
}
