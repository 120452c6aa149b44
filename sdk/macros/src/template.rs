//! The variables of a URI template of RFC 6570.

/// The variables in their order; `None` where a brace has no partner.
pub(crate) fn variables(template: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (expression, more) = after.split_once('}')?;
        if before.contains('}') {
            return None;
        }
        let names = expression.trim_start_matches(['+', '#', '.', '/', ';', '?', '&']);
        found.extend(names.split(',').map(str::to_owned));
        rest = more;
    }
    (!rest.contains('}')).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let names = |text: &str| variables(text).map(|names| names.join(" "));
        assert_eq!(names("a://b"), Some(String::new()));
        assert_eq!(names("a://{b}/{/c}{?d,e}").as_deref(), Some("b c d e"));
        assert_eq!(names("a://{b"), None);
        assert_eq!(names("a://b}"), None);
        assert_eq!(names("}{b}"), None);
    }
}
