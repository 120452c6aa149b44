//! ARNs of roles.

use std::fmt;

/// The ARN of an IAM role.
///
/// Invariants: `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`, at most [`MAX_ROLE_ARN_BYTES`] bytes
/// of the characters that IAM allows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoleArn(Box<str>);

/// Not the ARN of a role.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be the ARN of an IAM role such as arn:aws:iam::123456789012:role/my-gateway")]
pub struct InvalidRoleArn;

/// IAM's bounds: a path of 512, a name of 64, and what stands before them.
pub const MAX_ROLE_ARN_BYTES: usize = 640;

impl RoleArn {
    /// Parses an ARN of any partition.
    pub fn parse(text: &str) -> Result<Self, InvalidRoleArn> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else {
            return Err(InvalidRoleArn);
        };
        let letters = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        let name = resource.strip_prefix("role/").unwrap_or_default();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b);
        let good = text.len() <= MAX_ROLE_ARN_BYTES
            && partition.starts_with("aws")
            && letters(partition)
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && name.bytes().all(allowed)
            && !name.is_empty()
            && !name.ends_with('/');
        if good { Ok(Self(text.into())) } else { Err(InvalidRoleArn) }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition and the account that it is of.
    pub(super) fn owner(&self) -> (&str, &str) {
        let mut parts = self.0.split(':');
        let partition = parts.nth(1).expect("the second part is the partition");
        (partition, parts.nth(2).expect("the fifth part is the account"))
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        for (text, owner) in [
            ("arn:aws:iam::123456789012:role/gateway", ("aws", "123456789012")),
            ("arn:aws-cn:iam::000000000000:role/a/path/x+=,.@_-1", ("aws-cn", "000000000000")),
        ] {
            assert_eq!(RoleArn::parse(text).expect("a role").owner(), owner);
        }
        for text in [
            "",
            "gateway",
            "arn:aws:iam::123456789012:user/gateway",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a/",
            "arn:aws:iam::12345678901:role/a",
            "arn:aws:iam:us-east-1:123456789012:role/a",
            "arn:aws:iam::123456789012:role/a b",
            "arn:aws:iam::123456789012:role/a:b",
            "arn:aws:sts::123456789012:assumed-role/a/b",
            "arn:gcp:iam::123456789012:role/a",
        ] {
            assert_eq!(RoleArn::parse(text), Err(InvalidRoleArn), "{text}");
        }
        let long = |bytes: usize| {
            let head = "arn:aws:iam::123456789012:role/";
            format!("{head}{}", "r".repeat(bytes - head.len()))
        };
        assert!(RoleArn::parse(&long(MAX_ROLE_ARN_BYTES)).is_ok());
        assert!(RoleArn::parse(&long(MAX_ROLE_ARN_BYTES + 1)).is_err());
    }
}
