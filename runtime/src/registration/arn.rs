//! Lambda function ARNs.

use std::fmt;

use crate::registration::limits;

/// The ARN of a function, optionally of one of its versions or aliases.
///
/// Invariants: `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`, at most
/// [`limits::MAX_ARN_BYTES`] bytes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct FunctionArn {
    text: Box<str>,
    name: (usize, usize),
}

/// Why a text is not the ARN of a function.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "must be a Lambda function ARN such as \
     arn:aws:lambda:us-east-1:123456789012:function:my-function:live"
)]
pub struct InvalidArn;

impl FunctionArn {
    /// Parses an ARN of any partition.
    pub fn parse(text: &str) -> Result<Self, InvalidArn> {
        let parts: Vec<&str> = text.split(':').collect();
        let (head, qualifier) = match parts.as_slice() {
            [head @ .., qualifier] if parts.len() == 8 => (head, Some(*qualifier)),
            all => (all, None),
        };
        let [arn, partition, service, region, account, kind, name] = head else {
            return Err(InvalidArn);
        };
        let letters = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        let word = |text: &str, also: &[u8]| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || also.contains(&b))
        };
        let good = text.len() <= limits::MAX_ARN_BYTES
            && *arn == "arn"
            && partition.starts_with("aws")
            && letters(partition)
            && *service == "lambda"
            && word(region, b"")
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && *kind == "function"
            && name.len() <= 64
            && word(name, b"_")
            && qualifier.is_none_or(|q| q.len() <= 128 && word(q, b"_$"));
        if !good {
            return Err(InvalidArn);
        }
        let start = head[..6].iter().map(|part| part.len() + 1).sum();
        Ok(Self { text: text.into(), name: (start, start + name.len()) })
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The function's name.
    pub fn function_name(&self) -> &str {
        &self.text[self.name.0..self.name.1]
    }

    /// The version or alias, if one is named.
    pub fn qualifier(&self) -> Option<&str> {
        self.text.get(self.name.1 + 1..)
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let arn = FunctionArn::parse(
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f_1:live",
        )
        .expect("an ARN");
        assert_eq!((arn.function_name(), arn.qualifier()), ("f_1", Some("live")));
        let arn = FunctionArn::parse("arn:aws:lambda:us-east-1:000000000000:function:hello")
            .expect("an ARN");
        assert_eq!((arn.function_name(), arn.qualifier()), ("hello", None));
    }

    #[test]
    fn refusals() {
        for text in [
            "",
            "hello",
            "arn:aws:lambda:region:account:function:name",
            "arn:aws:sqs:us-east-1:123456789012:function:f",
            "arn:gcp:lambda:us-east-1:123456789012:function:f",
            "arn:aws:lambda:us-east-1:12345678901:function:f",
            "arn:aws:lambda:us-east-1:123456789012:layer:f",
            "arn:aws:lambda:us-east-1:123456789012:function:",
            "arn:aws:lambda:us-east-1:123456789012:function:a b",
            "arn:aws:lambda:us-east-1:123456789012:function:f:",
            "arn:aws:lambda:us-east-1:123456789012:function:f:1:2",
        ] {
            assert!(FunctionArn::parse(text).is_err(), "{text}");
        }
        let long =
            |n: usize| format!("arn:aws:lambda:us-east-1:123456789012:function:{}", "f".repeat(n));
        assert!(FunctionArn::parse(&long(64)).is_ok());
        assert!(FunctionArn::parse(&long(65)).is_err());
    }
}
