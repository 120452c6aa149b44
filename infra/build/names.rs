//! Names of Rust for names of CloudFormation.

/// Of `AWS::SQS::Queue`, the modules and the type: `sqs`, `queue`, `Queue`.
pub(crate) fn type_path(type_name: &str) -> Option<(String, String, String)> {
    let mut parts = type_name.split("::").skip(1);
    let (service, resource) = (parts.next()?, parts.next()?);
    parts.next().is_none().then(|| (service.to_lowercase(), snake(resource), pascal(resource)))
}

/// `SSESpecification` becomes `sse_specification`.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, char) in chars.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| chars[index]);
        let after = chars.get(index + 1);
        let begins = char.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase()
                    || after.is_some_and(|after| starts_word(&chars, index, *after))
            });
        if begins && !snake.ends_with('_') {
            snake.push('_');
        }
        if char.is_ascii_alphanumeric() {
            snake.push(char.to_ascii_lowercase());
        } else if !snake.ends_with('_') {
            snake.push('_');
        }
    }
    if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}

/// The last capital of several begins a word, but not before the `s` of a plural: `ProviderARNs`.
fn starts_word(chars: &[char], index: usize, after: char) -> bool {
    let is_plural = after == 's' && chars.get(index + 2).is_none_or(|char| char.is_uppercase());
    after.is_lowercase() && !is_plural
}

const KEYWORDS: [&str; 12] =
    ["as", "enum", "fn", "for", "if", "in", "match", "mod", "move", "ref", "type", "where"];

/// `PAY_PER_REQUEST` becomes `PayPerRequest`, `python3.13` becomes `Python3_13`.
pub(crate) fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for word in name.split(|char: char| !char.is_ascii_alphanumeric()) {
        let is_shouted = word.len() > 1 && !word.chars().any(|char| char.is_ascii_lowercase());
        let between_digits = pascal.ends_with(|char: char| char.is_ascii_digit())
            && word.starts_with(|char: char| char.is_ascii_digit());
        if between_digits {
            pascal.push('_');
        }
        let mut chars = word.chars();
        pascal.extend(chars.next().map(|char| char.to_ascii_uppercase()));
        if is_shouted {
            pascal.push_str(&chars.as_str().to_ascii_lowercase());
        } else {
            pascal.push_str(chars.as_str());
        }
    }
    match pascal.chars().next() {
        None => "Any".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("V{pascal}"),
        Some(_) => pascal,
    }
}

/// What one element of a list of that name is called.
pub(crate) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => stem.to_owned(),
        Some(_) | None => name.to_owned(),
    }
}
