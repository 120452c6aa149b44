//! URI templates of RFC 6570, read backwards: which variables make this URI?
//!
//! Crates exist that expand templates; a server needs the other direction.
//! All operators of levels 1 to 3 are taken (`{x}`, `{+x}`, `{#x}`, `{.x}`, `{/x}`, `{;x}`,
//! `{?x,y}`, `{&x}`), modifiers of level 4 (`*`, `:3`) are refused.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::protocol::limits;

/// A parsed template.
///
/// Invariants: at most [`limits::MAX_URI_BYTES`] bytes and [`limits::MAX_TEMPLATE_VARIABLES`]
/// variables, at least one variable, no variable twice, no two expressions side by side whose
/// border could not be found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UriTemplate {
    text: Box<str>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Literal(Box<str>),
    Expression { operator: Operator, variables: Vec<Box<str>> },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operator {
    Simple,
    Reserved,
    Fragment,
    Label,
    Path,
    Parameter,
    Query,
    Continuation,
}

/// Why a text is not a template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTemplate {
    /// Over [`limits::MAX_URI_BYTES`].
    #[error("a URI template has at most {} bytes", limits::MAX_URI_BYTES)]
    TooLong,
    /// A brace without its partner.
    #[error("a brace is not closed, or not opened")]
    Braces,
    /// An expression that names nothing, or something that is not a variable name.
    #[error("{0:?} is not a variable name")]
    Variable(String),
    /// `{x*}` or `{x:3}`.
    #[error("the modifiers '*' and ':' are not supported")]
    Modifier,
    /// The same variable in two places.
    #[error("the variable {0:?} occurs twice")]
    Twice(String),
    /// Over [`limits::MAX_TEMPLATE_VARIABLES`].
    #[error("a URI template has at most {} variables", limits::MAX_TEMPLATE_VARIABLES)]
    TooMany,
    /// No expression at all: use a fixed URI.
    #[error("a URI template has at least one variable; use \"uri\" for a fixed one")]
    None,
    /// `{a}{b}`: where one value ends and the next begins cannot be told.
    #[error("two expressions must be separated by text")]
    Adjacent,
}

impl UriTemplate {
    /// Parses a template.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        if text.len() > limits::MAX_URI_BYTES {
            return Err(InvalidTemplate::TooLong);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (literal, after) = rest.split_once('{').unwrap_or((rest, ""));
            if literal.contains('}') {
                return Err(InvalidTemplate::Braces);
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.into()));
            }
            if literal.len() == rest.len() {
                break;
            }
            let (expression, next) = after.split_once('}').ok_or(InvalidTemplate::Braces)?;
            parts.push(parse_expression(expression)?);
            rest = next;
        }
        let template = Self { text: text.into(), parts };
        template.check()?;
        Ok(template)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The variables in the order of the text.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts
            .iter()
            .flat_map(|part| match part {
                Part::Literal(_) => [].iter(),
                Part::Expression { variables, .. } => variables.iter(),
            })
            .map(AsRef::as_ref)
    }

    /// The values, percent-decoded, that make this URI; `None` when the template cannot.
    pub fn extract(&self, uri: &str) -> Option<BTreeMap<String, String>> {
        if uri.len() > limits::MAX_URI_BYTES {
            return None;
        }
        let mut values = BTreeMap::new();
        extract(&self.parts, uri, &mut values, &mut 0).then_some(values)
    }

    fn check(&self) -> Result<(), InvalidTemplate> {
        let mut seen = std::collections::BTreeSet::new();
        for variable in self.variables() {
            if !seen.insert(variable) {
                return Err(InvalidTemplate::Twice(variable.to_owned()));
            }
        }
        match seen.len() {
            0 => return Err(InvalidTemplate::None),
            n if n > limits::MAX_TEMPLATE_VARIABLES => return Err(InvalidTemplate::TooMany),
            _ => {}
        }
        let touching = self.parts.windows(2).any(|pair| match pair {
            [Part::Expression { .. }, Part::Expression { operator, .. }] => {
                operator.prefix().is_empty()
            }
            _ => false,
        });
        if touching { Err(InvalidTemplate::Adjacent) } else { Ok(()) }
    }
}

fn parse_expression(text: &str) -> Result<Part, InvalidTemplate> {
    let (operator, names) = match text.chars().next() {
        Some('+') => (Operator::Reserved, &text[1..]),
        Some('#') => (Operator::Fragment, &text[1..]),
        Some('.') => (Operator::Label, &text[1..]),
        Some('/') => (Operator::Path, &text[1..]),
        Some(';') => (Operator::Parameter, &text[1..]),
        Some('?') => (Operator::Query, &text[1..]),
        Some('&') => (Operator::Continuation, &text[1..]),
        _ => (Operator::Simple, text),
    };
    let mut variables = Vec::new();
    for name in names.split(',') {
        if name.contains(['*', ':']) {
            return Err(InvalidTemplate::Modifier);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(InvalidTemplate::Variable(name.to_owned()));
        }
        variables.push(name.into());
    }
    Ok(Part::Expression { operator, variables })
}

impl Operator {
    /// What stands before the first value.
    fn prefix(self) -> &'static str {
        match self {
            Self::Simple | Self::Reserved => "",
            Self::Fragment => "#",
            Self::Label => ".",
            Self::Path => "/",
            Self::Parameter => ";",
            Self::Query => "?",
            Self::Continuation => "&",
        }
    }

    /// What stands between two values (RFC 6570, appendix A).
    fn separator(self) -> char {
        match self {
            Self::Simple | Self::Reserved | Self::Fragment => ',',
            Self::Label => '.',
            Self::Path => '/',
            Self::Parameter => ';',
            Self::Query | Self::Continuation => '&',
        }
    }

    /// Whether values are written as `name=value`.
    fn named(self) -> bool {
        matches!(self, Self::Parameter | Self::Query | Self::Continuation)
    }

    /// Whether a value may hold characters that separate the parts of a URI.
    fn allows_reserved(self) -> bool {
        matches!(self, Self::Reserved | Self::Fragment)
    }

    fn may_hold(self, c: char) -> bool {
        let unreserved =
            c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~' | '%') || !c.is_ascii();
        unreserved
            || (c == '.' && self != Self::Label)
            || (self.allows_reserved() && ":/?#[]@!$&'()*+,;=.".contains(c))
    }
}

/// Places that are tried before a URI counts as not matching. Templates that are not ambiguous
/// need a few for each variable.
const MAX_TRIES: usize = 10_000;

/// Finds values for the rest of a template in the rest of a URI.
fn extract(
    parts: &[Part],
    uri: &str,
    values: &mut BTreeMap<String, String>,
    tries: &mut usize,
) -> bool {
    match parts {
        [] => uri.is_empty(),
        [Part::Literal(literal), rest @ ..] => match uri.strip_prefix(&**literal) {
            Some(after) => extract(rest, after, values, tries),
            None => false,
        },
        [Part::Expression { operator, variables }, rest @ ..] => {
            if operator.named() && !uri.starts_with(operator.prefix()) {
                // An undefined query leaves no trace.
                return extract(rest, uri, values, tries);
            }
            let Some(body) = uri.strip_prefix(operator.prefix()) else { return false };
            ends(*operator, body, rest).into_iter().any(|end| {
                *tries += 1;
                let mut found = values.clone();
                let fits = *tries <= MAX_TRIES
                    && read_values(*operator, variables, &body[..end], &mut found)
                    && extract(rest, &body[end..], &mut found, tries);
                if fits {
                    *values = found;
                }
                fits
            })
        }
    }
}

/// Where the text of an expression can end, the likeliest first: where the next part can begin.
fn ends(operator: Operator, body: &str, rest: &[Part]) -> Vec<usize> {
    let holds = |c: char| {
        operator.may_hold(c) || c == operator.separator() || (operator.named() && c == '=')
    };
    let reach = body.char_indices().find(|(_, c)| !holds(*c)).map_or(body.len(), |(at, _)| at);
    let next = match rest.first() {
        None => return if reach == body.len() { vec![reach] } else { Vec::new() },
        Some(Part::Literal(literal)) => literal.as_ref(),
        Some(Part::Expression { operator, .. }) if operator.named() => {
            return vec![body[..reach].find(operator.prefix()).unwrap_or(reach)];
        }
        Some(Part::Expression { operator, .. }) => operator.prefix(),
    };
    // Places may overlap: in "aaa" the text "aa" stands twice.
    let starts = body.char_indices().map(|(at, _)| at).chain([body.len()]);
    let mut places: Vec<usize> =
        starts.filter(|at| *at <= reach && body[*at..].starts_with(next)).collect();
    // `{+path}` takes as much as it can, the others as little.
    if operator.allows_reserved() {
        places.reverse();
    }
    places
}

fn read_values(
    operator: Operator,
    variables: &[Box<str>],
    text: &str,
    values: &mut BTreeMap<String, String>,
) -> bool {
    let mut put = |name: &str, value: &str| {
        let decoded = percent_decode_str(value).decode_utf8();
        decoded.is_ok_and(|value| values.insert(name.to_owned(), value.into_owned()).is_none())
    };
    if operator.named() {
        return text.split(operator.separator()).filter(|pair| !pair.is_empty()).all(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            variables.iter().any(|variable| **variable == *name) && put(name, value)
        });
    }
    if let [only] = variables {
        let whole = operator.allows_reserved() || !text.contains(operator.separator());
        return whole && !text.is_empty() && put(only, text);
    }
    let pieces: Vec<&str> = text.split(operator.separator()).collect();
    pieces.len() == variables.len()
        && variables.iter().zip(pieces).all(|(name, value)| put(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, uri: &str) -> String {
        let values = UriTemplate::parse(template).expect("a template").extract(uri);
        values.map_or("no".to_owned(), |values| {
            values.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn operators() {
        let cases = [
            ("test://template/{id}/data", "test://template/123/data", "id=123"),
            ("test://template/{id}/data", "test://template/1/2/data", "no"),
            ("test://template/{id}/data", "test://template//data", "no"),
            ("a://{x}", "a://caf%C3%A9%20b", "x=café b"),
            ("a://{x}", "a://b?c", "no"),
            ("a://{x}", "a://%FF", "no"),
            ("file:///{+path}", "file:///a/b.txt", "path=a/b.txt"),
            ("file:///{+path}/raw", "file:///a/raw/raw", "path=a/raw"),
            ("a://{x},{y}", "a://1,2", "x=1 y=2"),
            ("a://{x,y}", "a://1,2", "x=1 y=2"),
            ("a://h{/a,b}", "a://h/1/2", "a=1 b=2"),
            ("a://h{?q,n}", "a://h?n=2&q=a%26b", "n=2 q=a&b"),
            ("a://h{?q,n}", "a://h", ""),
            ("a://h{?q}", "a://h?z=1", "no"),
            ("a://h/{id}{?q}", "a://h/7?q=1", "id=7 q=1"),
            ("a://h/{id}{?q}", "a://h/7", "id=7"),
            ("a://h?fixed=1{&q}", "a://h?fixed=1&q=2", "q=2"),
            ("a://h{#part}", "a://h#x/y", "part=x/y"),
            ("a://h{.ext}", "a://h.txt", "ext=txt"),
            ("a://h{;p}", "a://h;p=1", "p=1"),
            ("a://h/{name}.json", "a://h/a.b.json", "name=a.b"),
            ("a://{id}.json", "a://a.json.json", "id=a.json"),
            ("a://{x}-b", "a://1-b-b", "x=1-b"),
            ("a:{x}aa", "a:aaa", "x=a"),
            ("a://{x}-{y}", "a://1-2-3", "x=1 y=2-3"),
        ];
        for (template, uri, expected) in cases {
            assert_eq!(check(template, uri), expected, "{template} {uri}");
        }
    }

    #[test]
    fn refusals() {
        use InvalidTemplate as E;
        let cases = [
            ("a://b", E::None),
            ("a://{", E::Braces),
            ("a://}", E::Braces),
            ("a://{}", E::Variable(String::new())),
            ("a://{a b}", E::Variable("a b".to_owned())),
            ("a://{a*}", E::Modifier),
            ("a://{a:3}", E::Modifier),
            ("a://{a}/{a}", E::Twice("a".to_owned())),
            ("a://{a}{b}", E::Adjacent),
        ];
        for (template, expected) in cases {
            assert_eq!(UriTemplate::parse(template), Err(expected), "{template}");
        }
    }

    #[test]
    fn bounds() {
        let long = |bytes: usize| format!("a:{}{{x}}", "b".repeat(bytes - 5));
        assert!(UriTemplate::parse(&long(limits::MAX_URI_BYTES)).is_ok());
        assert!(UriTemplate::parse(&long(limits::MAX_URI_BYTES + 1)).is_err());
        let many = |n: usize| (0..n).map(|i| format!("/{{v{i}}}")).collect::<String>();
        assert!(UriTemplate::parse(&many(limits::MAX_TEMPLATE_VARIABLES)).is_ok());
        let over = UriTemplate::parse(&many(limits::MAX_TEMPLATE_VARIABLES + 1));
        assert_eq!(over, Err(InvalidTemplate::TooMany));
    }
}
