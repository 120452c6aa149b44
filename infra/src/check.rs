//! The check pass: what types do not show, found in the finished template before anybody deploys it.
//!
//! [`check`] is for every template, [`check_for_repository`] for one that is to be published in the
//! AWS Serverless Application Repository as well. What a template means to have is named with its
//! reason and taken out by [`without_accepted`].

mod actions;
mod bounds;
mod limits;
mod logic;
mod mentions;
mod policies;
mod references;
mod repository;
mod schema;
mod unused;

pub use self::limits::{
    MAX_DESCRIPTION_BYTES, MAX_INLINE_POLICIES_CHARACTERS, MAX_INLINE_TEMPLATE_BYTES,
    MAX_KEY_POLICY_BYTES, MAX_MANAGED_POLICY_CHARACTERS, MAX_MAPPINGS, MAX_OUTPUTS,
    MAX_PARAMETER_DEFAULT_BYTES, MAX_PARAMETER_DESCRIPTION_BYTES, MAX_PARAMETERS, MAX_RESOURCES,
    MAX_TEMPLATE_BYTES, MAX_TRUST_POLICY_CHARACTERS, MAX_VARIABLES_BYTES,
};
pub(crate) use self::mentions::{Target, mentions};
use std::fmt;

use crate::template::{Section, Template};

/// What was found in a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is about.
    pub concern: Concern,
    /// Where it is.
    pub place: Place,
    /// What is wrong, as a sentence.
    pub sentence: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// It works, but is probably not meant.
    Warning,
    /// AWS refuses it, or it does harm.
    Error,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Concern {
    /// Something is referred to that is not there.
    Dangling,
    /// Something is referred to that is not always there.
    Conditional,
    /// Things need each other.
    Cycle,
    /// Something is declared and not used.
    Unused,
    /// A function stands where CloudFormation does not evaluate it.
    Misplaced,
    /// A policy is wider than it needs to be.
    Wildcard,
    /// A policy names an action that does not exist.
    Action,
    /// Something is longer, larger or more than AWS takes.
    Size,
    /// A property is missing, unknown or out of its bounds.
    Property,
    /// The AWS Serverless Application Repository does not take it.
    Repository,
    /// Something is accepted that was not found.
    Acceptance,
}

/// Where something is in a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The section, or the whole template.
    pub section: Option<Section>,
    /// The logical id, or another name.
    pub name: String,
    /// The way from there, with a slash before each part.
    pub path: String,
}

/// Something that a template means to have.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// What the finding is about.
    pub concern: Concern,
    /// How its place begins, such as `resource TracingPolicy/`.
    pub place: &'a str,
    /// Why it is as it should be.
    pub reason: &'a str,
}

/// Looks for everything that is wrong with a template, in the template's order.
pub fn check(template: &Template) -> Vec<Finding> {
    let mut findings = Vec::new();
    references::check(template, &mut findings);
    unused::check(template, &mut findings);
    bounds::check(template, &mut findings);
    policies::check(template, &mut findings);
    limits::check(template, &mut findings);
    findings
}

/// Looks for what the AWS Serverless Application Repository does not take.
pub fn check_for_repository(template: &Template) -> Vec<Finding> {
    let mut findings = Vec::new();
    repository::check(template, &mut findings);
    findings
}

/// The findings that nobody accepted, and a warning for each acceptance of nothing.
pub fn without_accepted(findings: Vec<Finding>, accepted: &[Accepted<'_>]) -> Vec<Finding> {
    let accepts = |accepted: &Accepted<'_>, finding: &Finding| {
        accepted.concern == finding.concern && finding.place.to_string().starts_with(accepted.place)
    };
    let stale = accepted
        .iter()
        .filter(|accepted| !findings.iter().any(|finding| accepts(accepted, finding)));
    let stale: Vec<Finding> = stale
        .map(|accepted| Finding {
            level: Level::Warning,
            concern: Concern::Acceptance,
            place: Place::template(),
            sentence: format!(
                "Nothing is found at {:?} that had to be accepted ({})",
                accepted.place, accepted.reason
            ),
        })
        .collect();
    let open = findings
        .into_iter()
        .filter(|finding| !accepted.iter().any(|accepted| accepts(accepted, finding)));
    open.chain(stale).collect()
}

impl Place {
    /// The whole template.
    pub(crate) fn template() -> Self {
        Self { section: None, name: String::new(), path: String::new() }
    }

    /// Something in a section.
    pub(crate) fn of(section: Section, name: &str) -> Self {
        Self { section: Some(section), name: name.to_owned(), path: String::new() }
    }

    /// Further along.
    pub(crate) fn at(&self, path: &str) -> Self {
        let path = format!("{}{path}", self.path);
        Self { section: self.section, name: self.name.clone(), path }
    }

    fn error(&self, concern: Concern, sentence: String) -> Finding {
        Finding { level: Level::Error, concern, place: self.clone(), sentence }
    }

    fn warning(&self, concern: Concern, sentence: String) -> Finding {
        Finding { level: Level::Warning, concern, place: self.clone(), sentence }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(section) = self.section else { return formatter.write_str("template") };
        write!(formatter, "{section} {}{}", self.name, self.path)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.level, self.place, self.sentence)
    }
}
