//! Documentation comments.

use std::fmt::Write;

use super::schema::Property;

/// A text as rustdoc takes it: without links and markup that were meant for another program.
pub(crate) fn clean(text: &str) -> String {
    let text = text.trim().trim_end_matches(':');
    let balanced = text.matches('`').count().is_multiple_of(2);
    let mut cleaned = String::new();
    for (index, part) in text.split('`').enumerate() {
        let is_code = balanced && index % 2 == 1;
        if is_code {
            let _ = write!(cleaned, "`{}`", part.trim());
        } else {
            for char in part.chars() {
                if matches!(char, '[' | ']' | '<' | '>' | '*' | '_' | '\\') {
                    cleaned.push('\\');
                }
                cleaned.push(char);
            }
        }
    }
    let cleaned = cleaned.replace("https://", "").replace("http://", "");
    match cleaned.chars().last() {
        None | Some('.' | '!' | '?') => cleaned,
        Some(_) => cleaned + ".",
    }
}

/// The documentation of a property, with its bounds.
pub(crate) fn property(name: &str, property: &Property) -> Vec<String> {
    let mut lines = vec![match clean(&property.doc) {
        empty if empty.is_empty() => format!("The property `{name}`."),
        text => text,
    }];
    let bounds = [
        range("Not less than", "not more than", property.minimum, property.maximum, ""),
        range("At least", "at most", property.min_length, property.max_length, " characters"),
        range("At least", "at most", property.min_items, property.max_items, " elements"),
    ];
    let pattern = property.pattern.as_ref().filter(|pattern| !pattern.contains('`'));
    let pattern = pattern.map(|pattern| format!("Pattern: `{pattern}`."));
    let bounds: Vec<String> = bounds.into_iter().flatten().chain(pattern).collect();
    if !bounds.is_empty() {
        lines.push(String::new());
        lines.extend(bounds);
    }
    lines
}

fn range<N: ToString + PartialEq + From<u8>>(
    least: &str,
    most: &str,
    from: Option<N>,
    to: Option<N>,
    unit: &str,
) -> Option<String> {
    let from = from.filter(|from| unit.is_empty() || *from != N::from(0));
    let upper = most.split_at(1).0.to_uppercase() + most.split_at(1).1;
    match (from, to) {
        (Some(from), Some(to)) => {
            Some(format!("{least} {}, {most} {}{unit}.", from.to_string(), to.to_string()))
        }
        (Some(from), None) => Some(format!("{least} {}{unit}.", from.to_string())),
        (None, Some(to)) => Some(format!("{upper} {}{unit}.", to.to_string())),
        (None, None) => None,
    }
}
