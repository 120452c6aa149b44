//! URI templates: values that were expanded by the book are found again.

use std::collections::BTreeMap;

use mcp_lambda_runtime::protocol::limits;
use mcp_lambda_runtime::protocol::template::UriTemplate;
use proptest::prelude::*;

use super::{config, text};

/// An expression: its operator, or none, and its variables with their values.
#[derive(Clone, Debug)]
struct Expression {
    operator: Option<char>,
    variables: Vec<(String, String)>,
}

impl Expression {
    fn template(&self) -> String {
        let names: Vec<&str> = self.variables.iter().map(|(name, _)| name.as_str()).collect();
        format!("{{{}{}}}", self.operator.map_or(String::new(), String::from), names.join(","))
    }

    /// RFC 6570, section 3.2.1 and appendix A.
    fn expand(&self) -> String {
        let (first, separator, named, empty, reserved) = match self.operator {
            None => ("", ",", false, "", false),
            Some('+') => ("", ",", false, "", true),
            Some('#') => ("#", ",", false, "", true),
            Some('.') => (".", ".", false, "", false),
            Some('/') => ("/", "/", false, "", false),
            Some(';') => (";", ";", true, "", false),
            Some('?') => ("?", "&", true, "=", false),
            _ => ("&", "&", true, "=", false),
        };
        let one = |(name, value): &(String, String)| match (named, value.is_empty()) {
            (false, _) => encode(value, reserved),
            (true, true) => format!("{name}{empty}"),
            (true, false) => format!("{name}={}", encode(value, reserved)),
        };
        let all: Vec<String> = self.variables.iter().map(one).collect();
        format!("{first}{}", all.join(separator))
    }
}

fn encode(value: &str, reserved: bool) -> String {
    let keep = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || (reserved && b":/?#[]@!$&'()*+,;=".contains(&byte))
    };
    let one = |byte| match keep(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    value.bytes().map(one).collect()
}

/// The texts between expressions: no two alike, and none that a value could hold.
const LITERALS: [&str; 5] = ["@", "!b", "$/c", ":d/", "(e)"];

fn expression() -> impl Strategy<Value = Expression> {
    let operator = prop::sample::select(vec![None, Some('.'), Some('/'), Some(';'), Some('+')]);
    operator.prop_flat_map(|operator| of_operator(operator, 1..3))
}

fn of_operator(
    operator: Option<char>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Expression> {
    let value = match operator {
        // Unencoded separators have no place in values: where one ends could not be told. Nor has
        // a percent sign, which is kept where it looks like an encoding.
        Some('+' | '#') => "[a-z0-9/?.=&_~é-]{1,8}".boxed(),
        Some('.') => text().prop_map(|text| text.replace('.', "")).boxed(),
        _ => text().boxed(),
    };
    let named = matches!(operator, Some(';' | '?' | '&'));
    prop::collection::vec(("[a-z_][a-z0-9_.]{0,3}", value), count).prop_map(move |mut variables| {
        if let ([(_, value)], false) = (&mut variables[..], named)
            && value.is_empty()
        {
            // An empty value of an only variable leaves no trace.
            value.push('x');
        }
        Expression { operator, variables }
    })
}

/// Texts that values hold as well.
const AMBIGUOUS: [&str; 5] = ["-", ".", "a", "a-", "ab"];

/// An expression of one variable, whose value looks like what stands around it.
fn ambiguous() -> impl Strategy<Value = Expression> {
    let operator = prop::sample::select(vec![None, Some('/'), Some('+')]);
    (operator, "[ab.-]{1,4}").prop_map(|(operator, value)| {
        let variables = vec![(String::new(), value)];
        Expression { operator, variables }
    })
}

/// Expressions with texts between them, then perhaps a query and a fragment.
fn expressions() -> impl Strategy<Value = Vec<Expression>> {
    let body = prop::collection::vec(expression(), 1..4);
    let query = prop::option::of(of_operator(Some('?'), 1..4));
    let fragment = prop::option::of(of_operator(Some('#'), 1..2));
    (body, query, fragment).prop_map(|(body, query, fragment)| {
        let mut all: Vec<Expression> = body;
        // Whatever may hold a question mark would take the query.
        let closed = all.last().is_some_and(|last| last.operator != Some('+'));
        all.extend(query.filter(|_| closed));
        all.extend(fragment.filter(|_| closed));
        for (number, (name, _)) in
            all.iter_mut().flat_map(|expression| &mut expression.variables).enumerate()
        {
            name.push_str(&number.to_string());
        }
        all
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_was_expanded_is_found_again(expressions in expressions()) {
        let (mut template, mut uri) = ("a://h".to_owned(), "a://h".to_owned());
        for (number, expression) in expressions.iter().enumerate() {
            if !matches!(expression.operator, Some('?' | '#')) {
                template.push_str(LITERALS[number]);
                uri.push_str(LITERALS[number]);
            }
            template.push_str(&expression.template());
            uri.push_str(&expression.expand());
        }
        prop_assume!(uri.len() <= limits::MAX_URI_BYTES);
        let parsed = UriTemplate::parse(&template).expect("a template");
        let all = || expressions.iter().flat_map(|expression| &expression.variables);
        let names: Vec<&str> = all().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(parsed.variables().collect::<Vec<_>>(), names);
        let values: BTreeMap<String, String> = all().cloned().collect();
        prop_assert_eq!(parsed.extract(&uri), Some(values), "{} from {}", uri, template);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_read_in_one_of_them(
        parts in prop::collection::vec(
            (ambiguous(), prop::sample::select(AMBIGUOUS.to_vec())),
            1..5,
        ),
    ) {
        let (mut template, mut uri) = ("a:".to_owned(), "a:".to_owned());
        for (number, (expression, literal)) in parts.iter().enumerate() {
            let mut expression = expression.clone();
            expression.variables[0].0 = format!("v{number}");
            template.push_str(&format!("{}{literal}", expression.template()));
            uri.push_str(&format!("{}{literal}", expression.expand()));
        }
        let parsed = UriTemplate::parse(&template).expect("a template");
        let Some(values) = parsed.extract(&uri) else { panic!("{uri} from {template}: nothing") };
        let mut again = "a:".to_owned();
        for (number, (expression, literal)) in parts.iter().enumerate() {
            let name = format!("v{number}");
            let variables = vec![(name.clone(), values[&name].clone())];
            let expression = Expression { variables, ..expression.clone() };
            again.push_str(&format!("{}{literal}", expression.expand()));
        }
        prop_assert_eq!(again, uri, "{:?} from {}", values, template);
    }

    #[test]
    fn any_text_is_a_template_or_refused(
        template in prop_oneof![text(), "a:([a-b/.?&]|\\{[+#./;?&]?[a-c](,[a-c])?\\}){0,6}"],
        uris in prop::collection::vec(prop_oneof![text(), "a:[a-b/.?&=%2F,;#é]{0,12}"], 1..4),
    ) {
        let Ok(parsed) = UriTemplate::parse(&template) else { return Ok(()) };
        prop_assert_eq!(parsed.as_str(), &template);
        for uri in uris.iter().chain([&template]) {
            if let Some(values) = parsed.extract(uri) {
                let known: Vec<&str> = parsed.variables().collect();
                prop_assert!(values.keys().all(|name| known.contains(&name.as_str())));
            }
        }
    }
}
