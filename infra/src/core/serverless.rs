//! What AWS SAM makes of a function beside it, for others to refer to.

use crate::aws::{lambda, serverless};
use crate::template::Handle;
use crate::value::Value;
use crate::value::node::Intrinsic;

/// How SAM names what it makes of `FunctionUrlConfig`.
pub(crate) const URL_SUFFIX: &str = "Url";

impl Handle<serverless::Function> {
    /// The URL of `FunctionUrlConfig`, with a slash at its end.
    pub fn function_url(&self) -> Value<lambda::url::attr::FunctionUrl> {
        let resource = format!("{}{URL_SUFFIX}", self.logical_id());
        let attribute = "FunctionUrl".to_owned();
        Value::from_node(Intrinsic::GetAtt { resource, attribute }.into())
    }
}
