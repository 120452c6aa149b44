//! Who may deploy what is published: the application's policy.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use aws_sdk_serverlessapplicationrepository::types::ApplicationPolicyStatement;
use serde_json::{Value as Json, json};

/// The digits of an account's number.
pub const ACCOUNT_DIGITS: usize = 12;
/// The fewest characters of an organization's id after its `o-`.
pub const MIN_ORGANIZATION: usize = 10;
/// The most.
pub const MAX_ORGANIZATION: usize = 32;
/// The most characters of a policy, by the repository's quotas.
pub const MAX_POLICY: usize = 6_144;

/// The number of an account.
///
/// Invariant: twelve digits.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct AccountId(String);

/// The id of an organization.
///
/// Invariant: `o-`, then 10 to 32 lowercase letters and digits (`OrganizationId` of the API of AWS
/// Organizations).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrganizationId(String);

/// Nobody can be told by it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAudience {
    /// No account.
    #[error("{0:?} is not an account: it has twelve digits, such as 123456789012")]
    Account(String),
    /// No organization.
    #[error(
        "{0:?} is not an organization: o- and 10 to 32 lowercase letters and digits, as \
         `aws organizations describe-organization` says it"
    )]
    Organization(String),
    /// Nobody.
    #[error("nobody is named to share with")]
    Nobody,
    /// Too many.
    #[error(
        "so many accounts make a policy of {0} characters, of which the repository takes 6144; \
         share with the organization"
    )]
    TooMany(usize),
}

impl FromStr for AccountId {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, InvalidAudience> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && text.len() == ACCOUNT_DIGITS {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidAudience::Account(text.to_owned()))
    }
}

impl FromStr for OrganizationId {
    type Err = InvalidAudience;

    fn from_str(text: &str) -> Result<Self, InvalidAudience> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = |rest: &str| {
            (MIN_ORGANIZATION..=MAX_ORGANIZATION).contains(&rest.len()) && rest.bytes().all(known)
        };
        if text.strip_prefix("o-").is_some_and(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidAudience::Organization(text.to_owned()))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for OrganizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Accounts, an organization, or both: whoever is one of them.
///
/// Invariants: somebody; each account once; a policy that the repository takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Audience {
    accounts: BTreeSet<AccountId>,
    /// One, because the repository takes only that which the publisher is in.
    organization: Option<OrganizationId>,
}

impl Audience {
    /// Of accounts and an organization. The repository refuses an organization that the
    /// publisher's account is not in.
    pub fn new(
        accounts: impl IntoIterator<Item = AccountId>,
        organization: Option<OrganizationId>,
    ) -> Result<Self, InvalidAudience> {
        let audience = Self { accounts: accounts.into_iter().collect(), organization };
        if audience.accounts.is_empty() && audience.organization.is_none() {
            return Err(InvalidAudience::Nobody);
        }
        let length = Policy::of(&audience).to_json().to_string().len();
        if length > MAX_POLICY { Err(InvalidAudience::TooMany(length)) } else { Ok(audience) }
    }
}

/// Who may deploy what is published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sharing {
    /// Whoever may already: of a new application, its account alone.
    Private,
    /// These, in the application's region, and nobody else beside its account.
    With(Audience),
    /// Everybody, in every region.
    Public,
}

impl Sharing {
    /// The policy that it takes; nothing if the application's policy stays as it is.
    pub fn policy(&self) -> Option<Policy> {
        match self {
            Self::Private => None,
            Self::With(audience) => Some(Policy::of(audience)),
            Self::Public => Some(Policy::public()),
        }
    }
}

/// The policy of an application. Setting it replaces the one before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
    words: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Statement {
    principals: Vec<String>,
    organization: Option<OrganizationId>,
}

/// To find, read and deploy an application.
const DEPLOY: &str = "Deploy";
/// To end the sharing from the organization's side, which the repository wants permitted.
const UNSHARE: &str = "UnshareApplication";
/// Everybody, or everybody in the statement's organization.
const EVERYBODY: &str = "*";

impl Policy {
    fn public() -> Self {
        let everybody = Statement { principals: vec![EVERYBODY.to_owned()], organization: None };
        Self { statements: vec![everybody], words: "let everybody deploy it".to_owned() }
    }

    fn of(audience: &Audience) -> Self {
        let Audience { accounts, organization } = audience;
        let principals: Vec<String> = accounts.iter().map(ToString::to_string).collect();
        let mut names = principals.clone();
        let mut statements = Vec::new();
        if !principals.is_empty() {
            statements.push(Statement { principals, organization: None });
        }
        if let Some(one) = organization {
            names.push(format!("the organization {one}"));
            let principals = vec![EVERYBODY.to_owned()];
            statements.push(Statement { principals, organization: organization.clone() });
        }
        let words = format!("let {} deploy it, and nobody else", names.join(" and "));
        Self { statements, words }
    }

    /// As a document: the `--statements` of the AWS CLI's `put-application-policy`.
    pub fn to_json(&self) -> Json {
        let statements = self.statements.iter().map(|one| {
            let mut json = json!({"Principals": one.principals, "Actions": one.actions()});
            if let Some(organization) = &one.organization {
                json["PrincipalOrgIDs"] = json!([organization.0]);
            }
            json
        });
        statements.collect()
    }

    /// As the SDK wants it.
    pub(super) fn statements(&self) -> Vec<ApplicationPolicyStatement> {
        let statements = self.statements.iter().map(|one| {
            let actions = one.actions().iter().map(|&action| action.to_owned()).collect();
            let organization = one.organization.as_ref().map(|id| vec![id.0.clone()]);
            ApplicationPolicyStatement::builder()
                .set_principals(Some(one.principals.clone()))
                .set_actions(Some(actions))
                .set_principal_org_ids(organization)
                .build()
        });
        statements.collect()
    }
}

impl Statement {
    fn actions(&self) -> &'static [&'static str] {
        if self.organization.is_some() { &[DEPLOY, UNSHARE] } else { &[DEPLOY] }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(text: &str) -> AccountId {
        text.parse().expect("an account")
    }

    #[test]
    fn accounts_have_twelve_digits() {
        assert_eq!(account("012345678901").to_string(), "012345678901");
        for wrong in ["", "12345678901", "1234567890123", "12345678901a", "*", "1234-5678-9012"] {
            assert!(wrong.parse::<AccountId>().is_err(), "{wrong}");
        }
        let many = "１".repeat(ACCOUNT_DIGITS / 3);
        assert_eq!(many.len(), ACCOUNT_DIGITS);
        assert!(many.parse::<AccountId>().is_err(), "{many}");
    }

    #[test]
    fn organizations_have_ids_of_a_form() {
        for length in [MIN_ORGANIZATION, MAX_ORGANIZATION] {
            let id = format!("o-{}", "a".repeat(length));
            assert_eq!(id.parse::<OrganizationId>().map(|id| id.to_string()), Ok(id));
        }
        for wrong in [
            format!("o-{}", "a".repeat(MIN_ORGANIZATION - 1)),
            format!("o-{}", "a".repeat(MAX_ORGANIZATION + 1)),
            "o-ABCDEFGHIJ".to_owned(),
            "r-abcdefghij".to_owned(),
            "abcdefghijkl".to_owned(),
            "123456789012".to_owned(),
        ] {
            assert!(wrong.parse::<OrganizationId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn policies_name_each_once_and_nobody_else() {
        let organization: OrganizationId = "o-a1b2c3d4e5".parse().expect("an id");
        let both = ["222222222222", "111111111111", "222222222222"].map(account);
        let audience = Audience::new(both, Some(organization)).expect("somebody");
        let policy = Sharing::With(audience).policy().expect("a policy");
        assert_eq!(
            policy.to_json(),
            json!([
                {"Principals": ["111111111111", "222222222222"], "Actions": ["Deploy"]},
                {
                    "Principals": ["*"],
                    "PrincipalOrgIDs": ["o-a1b2c3d4e5"],
                    "Actions": ["Deploy", "UnshareApplication"]
                }
            ])
        );
        let words = "let 111111111111 and 222222222222 and the organization o-a1b2c3d4e5 deploy \
                     it, and nobody else";
        assert_eq!(policy.to_string(), words);
        assert_eq!(Audience::new([], None), Err(InvalidAudience::Nobody));
        assert_eq!(Sharing::Private.policy(), None);
    }

    #[test]
    fn policies_are_as_long_as_the_repository_takes_them() {
        let accounts = |count: usize| (0..count).map(|n| account(&format!("{n:012}")));
        let length = |count| {
            let accounts = accounts(count).collect();
            let audience = Audience { accounts, organization: None };
            Policy::of(&audience).to_json().to_string().len()
        };
        let most = (1..).take_while(|&count| length(count) <= MAX_POLICY).last().expect("some");
        assert!(most > 300, "{most}");
        assert!(Audience::new(accounts(most), None).is_ok());
        let refused = Audience::new(accounts(most + 1), None);
        assert_eq!(refused, Err(InvalidAudience::TooMany(length(most + 1))));
    }
}
