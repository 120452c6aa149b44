//! IAM actions: which exist, and which know resources. From `spec/actions.txt`.

const ACTIONS: &str = include_str!("../../spec/actions.txt");

/// What is known of an action.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    /// It can be allowed for some resources and not for others.
    Scoped,
    /// It can only be allowed for everything.
    Unscoped,
    /// Its service is known, but has no such action.
    Missing,
    /// Its service is not known here.
    Unknown,
}

/// Looks an action such as `sqs:SendMessage` up, without regard to case.
pub(super) fn action(name: &str) -> Action {
    let Some((service, action)) = name.split_once(':') else { return Action::Missing };
    let (service, action) = (service.to_ascii_lowercase(), action.to_ascii_lowercase());
    let line = ACTIONS.lines().find_map(|line| line.strip_prefix(&service)?.strip_prefix(": "));
    let Some((scoped, unscoped)) = line.and_then(|line| line.split_once('|')) else {
        return Action::Unknown;
    };
    let has = |list: &str| list.split_whitespace().any(|known| known == action);
    match (has(scoped), has(unscoped)) {
        (true, _) => Action::Scoped,
        (false, true) => Action::Unscoped,
        (false, false) => Action::Missing,
    }
}
