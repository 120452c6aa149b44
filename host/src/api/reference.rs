//! How a request names a function: name, partial ARN or ARN, with or without qualifier.

use percent_encoding::percent_decode_str;

use super::error::ApiError;
use crate::host::Host;
use crate::name::{FunctionName, is_qualifier};

/// A function as a request names it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Reference {
    region: Option<String>,
    account: Option<String>,
    name: FunctionName,
    pub(super) qualifier: Option<String>,
}

impl Reference {
    /// Parses `name`, `account:function:name` or `arn:aws:lambda:region:account:function:name`,
    /// each optionally followed by `:qualifier`.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let parts: Vec<&str> = text.split(':').collect();
        let (region, account, rest) = match parts.as_slice() {
            ["arn", partition, "lambda", region, account, "function", rest @ ..]
                if partition.starts_with("aws") =>
            {
                (Some((*region).to_owned()), Some((*account).to_owned()), rest)
            }
            [account, "function", rest @ ..] => (None, Some((*account).to_owned()), rest),
            ["function", rest @ ..] if !rest.is_empty() => (None, None, rest),
            rest => (None, None, rest),
        };
        let (name, qualifier) = match rest {
            [name] => (*name, None),
            [name, qualifier] if is_qualifier(qualifier) => (*name, Some((*qualifier).to_owned())),
            _ => return Err(invalid(text)),
        };
        let name = FunctionName::parse(name).map_err(|_| invalid(text))?;
        Ok(Self { region, account, name, qualifier })
    }

    /// Adds the qualifier of the query, which must not contradict the one in the name.
    pub(super) fn qualify(mut self, query: Option<&str>) -> Result<Self, ApiError> {
        let given = query.unwrap_or_default().split('&').find_map(|pair| {
            let value = pair.strip_prefix("Qualifier=")?;
            Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
        });
        let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(self) };
        if !is_qualifier(&given) {
            return Err(ApiError::parameter("the qualifier is not a version or alias"));
        }
        if self.qualifier.as_ref().is_some_and(|own| *own != given) {
            return Err(ApiError::parameter(
                "The derived qualifier from the function name does not match the specified \
                 qualifier.",
            ));
        }
        self.qualifier = Some(given);
        Ok(self)
    }

    /// The function that is meant; fails if the host does not have it.
    pub(super) fn find(&self, host: &Host) -> Result<FunctionName, ApiError> {
        let region = self.region.as_deref().unwrap_or(host.region().as_str());
        let account = self.account.as_deref().unwrap_or(host.account().as_str());
        let arn = format!("arn:aws:lambda:{region}:{account}:function:{}", self.name);
        if host.arn(&self.name).as_ref() == Some(&arn) {
            return Ok(self.name.clone());
        }
        Err(ApiError::NotFound { arn })
    }
}

fn invalid(text: &str) -> ApiError {
    ApiError::Parameter { message: format!("{text:?} does not name a function") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, query: Option<&str>) -> Option<(String, String, String, String)> {
        let reference = Reference::parse(text).and_then(|found| found.qualify(query)).ok()?;
        let Reference { region, account, name, qualifier } = reference;
        Some((
            region.unwrap_or_default(),
            account.unwrap_or_default(),
            name.to_string(),
            qualifier.unwrap_or_default(),
        ))
    }

    fn found(parts: [&str; 4]) -> Option<(String, String, String, String)> {
        let [region, account, name, qualifier] = parts.map(str::to_owned);
        Some((region, account, name, qualifier))
    }

    #[test]
    fn all_forms_are_read() {
        let account = "123456789012";
        assert_eq!(check("greet", None), found(["", "", "greet", ""]));
        assert_eq!(check("greet:live", None), found(["", "", "greet", "live"]));
        assert_eq!(check("function:greet", None), found(["", "", "greet", ""]));
        let partial = format!("{account}:function:greet");
        assert_eq!(check(&partial, None), found(["", account, "greet", ""]));
        let full = format!("arn:aws:lambda:eu-west-1:{account}:function:greet:$LATEST");
        assert_eq!(check(&full, None), found(["eu-west-1", account, "greet", "$LATEST"]));
    }

    #[test]
    fn qualifiers_of_the_query_count_as_well() {
        assert_eq!(check("greet", Some("Qualifier=1")), found(["", "", "greet", "1"]));
        let encoded = check("greet", Some("a=b&Qualifier=%24LATEST"));
        assert_eq!(encoded, found(["", "", "greet", "$LATEST"]));
        assert_eq!(check("greet:1", Some("Qualifier=1")), found(["", "", "greet", "1"]));
        assert_eq!(check("greet", Some("Qualifier=")), found(["", "", "greet", ""]));
        assert_eq!(check("greet:1", Some("Qualifier=2")), None);
        assert_eq!(check("greet", Some("Qualifier=a%20b")), None);
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["", ":", "a b", "a:b:c", "greet:", "arn:aws:s3:::bucket", "function"] {
            // A lone `function` is a name like any other.
            assert_eq!(check(bad, None).is_some(), bad == "function", "{bad:?}");
        }
    }
}
