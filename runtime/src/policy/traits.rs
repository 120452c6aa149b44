//! What policies know of a caller.

use crate::policy::pattern;
use crate::principal::Principal;

/// How a caller has proved who he is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CallerKind {
    /// Not at all.
    #[default]
    Anonymous,
    /// By a signature that AWS has verified.
    Iam,
    /// By invoking the function, which does not tell who he is.
    DirectInvoke,
    /// By a secret that was given a name.
    Bearer,
    /// By an access token.
    OAuth,
}

impl CallerKind {
    const ALL: [Self; 5] =
        [Self::Anonymous, Self::Iam, Self::DirectInvoke, Self::Bearer, Self::OAuth];

    /// The word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Iam => "iam",
            Self::DirectInvoke => "direct-invoke",
            Self::Bearer => "bearer",
            Self::OAuth => "oauth",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What policies know of a caller and of where he calls.
#[derive(Clone, Debug, Default)]
pub struct Traits<'a> {
    /// How he has proved who he is.
    pub kind: CallerKind,
    /// Of a bearer: the name of his secret.
    pub name: Option<&'a str>,
    /// Of an IAM principal: the ARN; of an assumed role, the session's.
    pub arn: Option<&'a str>,
    /// Of an assumed role: the role's ARN, without the path, which the session has lost.
    pub role: Option<String>,
    /// Of a token: who gave it.
    pub issuer: Option<&'a str>,
    /// Of a token: whom it is about.
    pub subject: Option<&'a str>,
    /// Of a token: to which client it was given.
    pub client_id: Option<&'a str>,
    /// Of a token: its scopes.
    pub scopes: Vec<&'a str>,
    /// Of a token: the claims that the deployment lets through; a list of texts as its JSON.
    pub claims: Vec<(&'a str, &'a str)>,
    /// The virtual server at which he calls; none at `/mcp`.
    pub server: Option<&'a str>,
}

impl<'a> Traits<'a> {
    /// What is known of a principal.
    pub fn of(principal: &'a Principal, server: Option<&'a str>) -> Self {
        let base = Self { server, ..Self::default() };
        match principal {
            Principal::Anonymous => base,
            Principal::DirectInvoke => Self { kind: CallerKind::DirectInvoke, ..base },
            Principal::Iam { arn } => base.iam(arn),
            Principal::Bearer { name } => {
                Self { kind: CallerKind::Bearer, name: Some(name), ..base }
            }
            Principal::OAuth(token) => Self {
                kind: CallerKind::OAuth,
                issuer: Some(&token.issuer),
                subject: Some(&token.subject),
                client_id: token.client_id.as_deref(),
                scopes: token.scopes.iter().collect(),
                claims: token.claims.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
                ..base
            },
        }
    }

    /// Adds an IAM principal.
    pub fn iam(self, arn: &'a str) -> Self {
        Self { kind: CallerKind::Iam, arn: Some(arn), role: role_of(arn), ..self }
    }

    /// The account of an IAM principal.
    pub fn account(&self) -> Option<&'a str> {
        pattern::parts(self.arn?).map(|[_, _, _, account, _]| account)
    }
}

/// The role of an assumed role's session: `arn:aws:sts::A:assumed-role/R/S` is of
/// `arn:aws:iam::A:role/R`.
fn role_of(arn: &str) -> Option<String> {
    let [partition, service, region, account, rest] = pattern::parts(arn)?;
    let (role, _session) = rest.strip_prefix("assumed-role/")?.split_once('/')?;
    (service == "sts").then(|| format!("arn:{partition}:iam:{region}:{account}:role/{role}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_sessions() {
        let role = |arn| Traits::default().iam(arn).role;
        assert_eq!(
            role("arn:aws-cn:sts::123456789012:assumed-role/Agent/i-1").as_deref(),
            Some("arn:aws-cn:iam::123456789012:role/Agent")
        );
        for none in [
            "arn:aws:iam::123456789012:user/bob",
            "arn:aws:sts::123456789012:federated-user/bob",
            "arn:aws:iam::123456789012:user/assumed-role/Agent/x",
            "arn:aws:iam::123456789012:assumed-role/Agent/x",
            "arn:aws:sts::123456789012:assumed-role/Agent",
            "",
        ] {
            assert_eq!(role(none), None, "{none}");
        }
    }

    #[test]
    fn kinds_are_called_as_principals_are() {
        let iam = Principal::Iam { arn: "arn:aws:iam::123456789012:root".to_owned() };
        let bearer = Principal::Bearer { name: "stack".to_owned() };
        let oauth = Principal::OAuth(std::sync::Arc::default());
        for principal in [Principal::Anonymous, iam, Principal::DirectInvoke, bearer, oauth] {
            assert_eq!(Traits::of(&principal, None).kind.as_str(), principal.kind());
        }
        for kind in CallerKind::ALL {
            assert_eq!(CallerKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(CallerKind::parse("root"), None);
    }

    #[test]
    fn accounts() {
        let account = |arn| Traits::default().iam(arn).account();
        assert_eq!(account("arn:aws:iam::123456789012:root"), Some("123456789012"));
        assert_eq!(account("bob"), None);
    }
}
