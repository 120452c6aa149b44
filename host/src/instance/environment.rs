//! The environment variables of a function's process.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::time::SystemTime;

use crate::calendar::Moment;
use crate::function::Function;

/// Makes the environment of a new process.
///
/// It is ours without what Lambda sets, then what Lambda would set, then what the function's
/// table says. Credentials are kept: a function that is run locally may well want to call AWS.
pub(super) fn compose(
    function: &Function,
    runtime_api: SocketAddr,
    inherited: impl Iterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    let mut variables: BTreeMap<OsString, OsString> =
        inherited.filter(|(name, _)| is_inherited(name)).collect();
    let mut set = |name: &str, value: OsString| variables.insert(name.into(), value);
    let region = function.options.region.as_str();
    set("AWS_DEFAULT_REGION", region.into());
    set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.config.memory_mb().to_string().into());
    set("AWS_LAMBDA_FUNCTION_NAME", function.name.as_str().into());
    set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into());
    set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into());
    set("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name).into());
    set("AWS_LAMBDA_LOG_STREAM_NAME", log_stream_name().into());
    set("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string().into());
    set("AWS_REGION", region.into());
    set("LAMBDA_TASK_ROOT", function.config.directory().into());
    set("TZ", ":UTC".into());
    for (name, value) in function.config.environment() {
        variables.insert(name.into(), value.into());
    }
    variables
}

/// Whether a variable of ours may reach a function: not if it describes the function we are.
fn is_inherited(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let described = ["_HANDLER", "_X_AMZN_TRACE_ID", "AWS_EXECUTION_ENV", "LAMBDA_RUNTIME_DIR"];
    !name.starts_with(b"AWS_LAMBDA_") && !described.iter().any(|other| other.as_bytes() == name)
}

fn log_stream_name() -> String {
    let date = Moment::from_system(SystemTime::now()).date("/");
    format!("{date}/[$LATEST]{}", uuid::Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::{FunctionConfig, RawFunction};
    use crate::host::HostOptions;
    use crate::name::FunctionName;

    fn variables(own: &[(&str, &str)], inherited: &[(&str, &str)]) -> BTreeMap<String, String> {
        let name = FunctionName::parse("greet").expect("a good name");
        let environment = own.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let raw =
            RawFunction { command: vec!["run".into()], environment, ..RawFunction::default() };
        let config = FunctionConfig::from_raw(&name, raw, Path::new("/base")).expect("a config");
        let function = Function::new(name, config, Arc::new(HostOptions::default()));
        let inherited = inherited.iter().map(|(n, v)| ((*n).into(), (*v).into()));
        compose(&function, SocketAddr::from(([127, 0, 0, 1], 9001)), inherited)
            .into_iter()
            .map(|(n, v)| (n.into_string().expect("text"), v.into_string().expect("text")))
            .collect()
    }

    #[test]
    fn what_lambda_sets() {
        let variables = variables(&[], &[]);
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "greet");
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
        assert_eq!(variables["AWS_LAMBDA_LOG_GROUP_NAME"], "/aws/lambda/greet");
        assert!(variables["AWS_LAMBDA_LOG_STREAM_NAME"].contains("/[$LATEST]"));
        assert_eq!(variables["AWS_LAMBDA_RUNTIME_API"], "127.0.0.1:9001");
        assert_eq!(variables["AWS_REGION"], "us-east-1");
        assert_eq!(variables["LAMBDA_TASK_ROOT"], "/base");
        assert!(!variables.contains_key("_HANDLER"));
        assert!(!variables.contains_key("AWS_EXECUTION_ENV"));
    }

    #[test]
    fn what_is_inherited() {
        let inherited = [
            ("PATH", "/bin"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_EXECUTION_ENV", "outer"),
            ("AWS_LAMBDA_RUNTIME_API", "outer"),
            ("AWS_LAMBDA_EXEC_WRAPPER", "outer"),
            ("_HANDLER", "outer"),
            ("_X_AMZN_TRACE_ID", "outer"),
            ("LAMBDA_TASK_ROOT", "outer"),
            ("LAMBDA_RUNTIME_DIR", "outer"),
        ];
        let variables = variables(&[], &inherited);
        assert_eq!(variables["PATH"], "/bin");
        assert_eq!(variables["AWS_SECRET_ACCESS_KEY"], "secret");
        assert_eq!(variables["AWS_SESSION_TOKEN"], "token");
        assert_eq!(variables["AWS_REGION"], "us-east-1");
        assert!(!variables.values().any(|value| value == "outer"), "{variables:?}");
    }

    #[test]
    fn what_the_table_says_comes_last() {
        let own = [("PATH", "/mine"), ("_HANDLER", "app.handler"), ("AWS_REGION", "eu-west-1")];
        let variables = variables(&own, &[("PATH", "/bin")]);
        for (name, value) in own {
            assert_eq!(variables[name], value);
        }
    }
}
