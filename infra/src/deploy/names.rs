//! Names of what people choose.

use std::fmt;
use std::str::FromStr;

/// The longest name of a stack.
pub const MAX_STACK_NAME: usize = 128;
/// The most subnets that a function can be in.
pub const MAX_SUBNETS: usize = 16;

/// The name of a stack.
///
/// Invariants: 1 to 128 letters, digits and hyphens, first a letter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StackName(String);

impl StackName {
    /// As CloudFormation knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StackName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if begins && text.len() <= MAX_STACK_NAME && text.bytes().all(known) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidName {
            text: text.to_owned(),
            wanted: "the name of a stack: up to 128 letters, digits and hyphens, first a letter",
        })
    }
}

/// The id of a VPC.
///
/// Invariant: `vpc-`, then eight or seventeen hexadecimal digits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VpcId(String);

impl FromStr for VpcId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_id(text, "vpc-") {
            return Ok(Self(text.to_owned()));
        }
        let wanted = "the id of a VPC, such as vpc-0a1b2c3d4e5f60718";
        Err(InvalidName { text: text.to_owned(), wanted })
    }
}

/// The network that functions are in.
///
/// Invariants: the forms of its ids; 1 to 16 subnets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Vpc {
    id: VpcId,
    subnets: Vec<String>,
}

impl Vpc {
    /// Takes a VPC's id and those of its subnets, separated by commas or spaces.
    pub fn parse(id: &str, subnets: &str) -> Result<Self, InvalidName> {
        Self::with_subnets(id.parse()?, subnets)
    }

    /// Takes the ids of subnets of a VPC, separated by commas or spaces.
    pub fn with_subnets(id: VpcId, subnets: &str) -> Result<Self, InvalidName> {
        let separators = |c: char| c == ',' || c.is_whitespace();
        let subnets: Vec<String> = subnets
            .split(separators)
            .filter(|subnet| !subnet.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(wrong) = subnets.iter().find(|subnet| !is_id(subnet, "subnet-")) {
            let wanted = "the id of a subnet, such as subnet-0a1b2c3d4e5f60718";
            return Err(InvalidName { text: wrong.clone(), wanted });
        }
        if !(1..=MAX_SUBNETS).contains(&subnets.len()) {
            let wanted = "1 to 16 subnets, separated by commas";
            return Err(InvalidName { text: subnets.join(","), wanted });
        }
        Ok(Self { id, subnets })
    }

    /// The VPC's id.
    pub fn id(&self) -> &str {
        &self.id.0
    }

    /// The subnets' ids, separated by commas.
    pub fn subnets(&self) -> String {
        self.subnets.join(",")
    }
}

/// Whether it has the form of an id: eight hexadecimal digits of old, or seventeen.
fn is_id(text: &str, prefix: &str) -> bool {
    let digits = |rest: &str| {
        matches!(rest.len(), 8 | 17)
            && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    text.strip_prefix(prefix).is_some_and(digits)
}

/// It cannot be what it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is not {wanted}")]
pub struct InvalidName {
    text: String,
    wanted: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_stacks_are_bounded() {
        let fits = |name: &str| name.parse::<StackName>().is_ok();
        assert!(fits("a") && !fits(""));
        assert!(fits(&"a".repeat(MAX_STACK_NAME)) && !fits(&"a".repeat(MAX_STACK_NAME + 1)));
        assert!(fits("Mcp-Lambda-2"));
        for wrong in ["2a", "-a", "a_b", "a b", "é", "a/b"] {
            assert!(!fits(wrong), "{wrong}");
        }
    }

    #[test]
    fn networks_have_ids_of_a_form() {
        let vpc =
            Vpc::parse("vpc-0a1b2c3d", "subnet-0a1b2c3d, subnet-0a1b2c3d4e5f60718").expect("ids");
        assert_eq!(vpc.subnets(), "subnet-0a1b2c3d,subnet-0a1b2c3d4e5f60718");
        for (id, subnets) in [
            ("vpc-0a1b2c3", "subnet-0a1b2c3d"),
            ("vpc-0a1b2c3g", "subnet-0a1b2c3d"),
            ("subnet-0a1b2c3d", "subnet-0a1b2c3d"),
            ("vpc-0a1b2c3d", "vpc-0a1b2c3d"),
            ("vpc-0a1b2c3d", ""),
        ] {
            assert!(Vpc::parse(id, subnets).is_err(), "{id} {subnets}");
        }
        let many = |count| vec!["subnet-0a1b2c3d"; count].join(",");
        assert!(Vpc::parse("vpc-0a1b2c3d", &many(MAX_SUBNETS)).is_ok());
        assert!(Vpc::parse("vpc-0a1b2c3d", &many(MAX_SUBNETS + 1)).is_err());
    }
}
