//! A function: its Function URL, its timer and its log, in either flavour.
//!
//! SAM makes the other resources out of properties of `AWS::Serverless::Function`. Expanded, they
//! are written here with the ids that SAM would give them, so that a stack can go from one flavour
//! to the other.

use mcp_lambda_runtime::deployment::variables::{ENDPOINT_URL, INVOKE_MODE};

use crate::aws::lambda::function::{
    Architecture, Code, Environment, LogFormat, LoggingConfig, Mode, Runtime, TracingConfig,
    VpcConfig,
};
use crate::aws::lambda::permission::FunctionUrlAuthType;
use crate::aws::lambda::url::{AuthType, InvokeMode};
use crate::aws::{events, iam, lambda, serverless};
use crate::construct::logs::Logs;
use crate::construct::network::Network;
use crate::construct::observe::Observe;
use crate::construct::{Grant, Scope};
use crate::core::{
    Condition, Handle, IntoValue, InvalidTemplate, Resource, Statement, Value, Word,
};
use crate::stack::settings::Flavour;

/// Seconds that an asynchronous invocation may wait. Only timers invoke so, and the next tick does
/// as well as a late one.
const EVENT_AGE: i64 = 60;

/// Whoever calls: the public door asks him itself.
const EVERYBODY: &str = "*";

/// What all functions of the stack have in common.
#[derive(Clone, Debug)]
pub struct Common {
    /// Where the program is.
    pub code: Package,
    /// What it was built for.
    pub architecture: Value<Architecture>,
    /// Where functions are.
    pub network: Network,
    /// What is observed of them.
    pub observe: Observe,
    /// Where they find AWS, if it is not AWS.
    pub endpoint: Value<String>,
}

/// Where the program is.
#[derive(Clone, Debug)]
pub enum Package {
    /// On this machine.
    Local(String),
    /// In a bucket: its name, and the object's key.
    Bucket(String, Value<String>),
}

/// A function to be.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its logical id ends in `Function`.
    pub id: &'static str,
    /// Its name.
    pub name: Value<String>,
    /// What it is, for people.
    pub description: &'static str,
    /// Which of the functions in the program it is.
    pub handler: &'static str,
    /// MB.
    pub memory: Value<i64>,
    /// Seconds.
    pub timeout: Value<i64>,
    /// Its variables.
    pub variables: Vec<(&'static str, Value<String>)>,
    /// Its role.
    pub role: Handle<iam::Role>,
    /// How many instances are kept for it, and at most used.
    pub concurrency: Concurrency,
    /// Where its log goes.
    pub logs: Logs,
    /// How its Function URL answers, if it has one.
    pub url: Option<InvokeMode>,
    /// Who may call that.
    pub callers: AuthType,
    /// How often it is invoked by a timer, as EventBridge writes it.
    pub timer: Option<&'static str>,
    /// When it is there at all.
    pub condition: Option<Condition>,
}

/// How many instances of a function there may be.
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// Whether there is a limit.
    pub limited: Condition,
    /// How many are kept for the function, and at most used.
    pub reserved: Value<i64>,
}

/// A function in a template.
#[derive(Clone, Debug)]
pub struct Added {
    id: &'static str,
    /// Its ARN.
    pub arn: Value<lambda::function::attr::Arn>,
    /// Its name.
    pub name: Value<String>,
    /// Its Function URL, if it has one.
    pub url: Option<Value<lambda::url::attr::FunctionUrl>>,
}

impl Added {
    /// Its logical id.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// To invoke it so that it tries whether it may call another.
    pub fn grant_probe(&self) -> Grant {
        let actions = mcp_lambda_runtime::deployment::actions::GATEWAY_PROBE;
        Grant::new("ProbeGateway", [Statement::allow(actions.iter().copied()).on(&self.arn)])
    }
}

impl Function {
    /// Puts it into the template.
    pub fn add(self, scope: &mut Scope<'_>, common: &Common) -> Result<Added, InvalidTemplate> {
        match scope.flavour {
            Flavour::Sam => self.add_serverless(scope, common),
            Flavour::Expanded => self.add_expanded(scope, common),
        }
    }

    /// Its variables. An event does not say how the Function URL takes answers, so one of them
    /// does.
    fn environment(&self, common: &Common) -> Vec<(&'static str, Value<String>)> {
        let mode = self.url.map(|mode| (INVOKE_MODE, mode.as_str().into_value()));
        let endpoint = (ENDPOINT_URL, common.endpoint.clone());
        self.variables.iter().cloned().chain(mode).chain([endpoint]).collect()
    }
}

/// As SAM: everything else is made of properties.
impl Function {
    fn add_serverless(
        self,
        scope: &mut Scope<'_>,
        common: &Common,
    ) -> Result<Added, InvalidTemplate> {
        use serverless::function as sam;

        let tags: Vec<_> =
            scope.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let once = sam::EventInvokeConfig::new()
            .maximum_event_age_in_seconds(EVENT_AGE)
            .maximum_retry_attempts(0);
        let logging = sam::LoggingConfig::new()
            .log_format(sam::LogFormat::Json)
            .log_group(self.logs.handle().reference());
        let vpc = sam::VpcConfig::new()
            .security_group_ids([common.network.group.group_id()])
            .subnet_ids(&common.network.subnets);
        let observe = &common.observe;
        let mut function = serverless::Function::new()
            .function_name(&self.name)
            .description(self.description)
            .runtime(sam::Runtime::ProvidedAl2023)
            .architectures([common.architecture.text().assume::<sam::Architecture>()])
            .handler(self.handler)
            .role(self.role.arn())
            .memory_size(&self.memory)
            .timeout(&self.timeout)
            .environment(sam::Environment::new().variables(self.environment(common)))
            .kms_key_arn(scope.key.given.only(&scope.key.arn))
            .reserved_concurrent_executions(
                self.concurrency.limited.only(&self.concurrency.reserved),
            )
            .tracing(observe.traced.choose(sam::Tracing::Active, sam::Tracing::PassThrough))
            .layers(observe.measured.only([&observe.layer]))
            .logging_config(logging)
            .vpc_config(common.network.used.only(vpc))
            .event_invoke_config(once)
            .tags(tags);
        function = match &common.code {
            // What is there already needs no build.
            Package::Local(path) => function.code_uri(path.as_str()).metadata("SkipBuild", true),
            Package::Bucket(bucket, key) => {
                function.code_uri(sam::CodeUri::new(bucket.as_str(), key))
            }
        };
        if let Some(mode) = self.url {
            let mode = match mode {
                InvokeMode::Buffered => sam::InvokeMode::Buffered,
                InvokeMode::ResponseStream => sam::InvokeMode::ResponseStream,
            };
            let callers = match self.callers {
                AuthType::AwsIam => sam::AuthType::AwsIam,
                AuthType::None => sam::AuthType::None,
            };
            let url = sam::FunctionUrlConfig::new(callers).invoke_mode(mode);
            function = function.function_url_config(url);
        }
        if let Some(rate) = self.timer {
            let timer = sam::EventsScheduleProperties::new().schedule(rate);
            function = function.events([("Timer", sam::ScheduleEvent::new(timer))]);
        }
        let handle = scope.template.add(self.id, when(function, self.condition.as_ref()))?;
        Ok(Added {
            id: self.id,
            arn: handle.arn(),
            name: handle.reference().text(),
            url: self.url.map(|_| handle.function_url()),
        })
    }
}

/// Expanded: each resource for itself.
impl Function {
    fn add_expanded(
        self,
        scope: &mut Scope<'_>,
        common: &Common,
    ) -> Result<Added, InvalidTemplate> {
        let condition = self.condition.as_ref();
        let handle = scope.template.add(self.id, when(self.plain(scope, common), condition))?;
        let once = lambda::EventInvokeConfig::new(handle.reference(), "$LATEST")
            .maximum_event_age_in_seconds(EVENT_AGE)
            .maximum_retry_attempts(0);
        let id = format!("{}EventInvokeConfig", self.id);
        scope.template.add(&id, when(once, condition))?;
        let url = match self.url {
            Some(mode) => {
                if self.callers == AuthType::None {
                    self.open(scope, &handle)?;
                }
                let url = lambda::Url::new(self.callers, handle.arn());
                let url = when(url.invoke_mode(mode), condition);
                Some(scope.template.add(&format!("{}Url", self.id), url)?.function_url())
            }
            None => None,
        };
        if let Some(rate) = self.timer {
            self.add_timer(scope, &handle, rate)?;
        }
        Ok(Added { id: self.id, arn: handle.arn(), name: handle.reference().text(), url })
    }

    fn plain(&self, scope: &Scope<'_>, common: &Common) -> lambda::Function {
        let code: Value<Code> = match &common.code {
            // `aws cloudformation package` replaces it.
            Package::Local(path) => Value::from_node(path.as_str().into()),
            Package::Bucket(bucket, key) => {
                Code::new().s3_bucket(bucket.as_str()).s3_key(key).into_value()
            }
        };
        let logging = LoggingConfig::new()
            .log_format(LogFormat::Json)
            .log_group(self.logs.handle().reference());
        let vpc = VpcConfig::new()
            .security_group_ids([common.network.group.group_id()])
            .subnet_ids(&common.network.subnets);
        let observe = &common.observe;
        let traced = observe.traced.choose(Mode::Active, Mode::PassThrough);
        lambda::Function::new(code, self.role.arn())
            .function_name(&self.name)
            .description(self.description)
            .runtime(Runtime::ProvidedAl2023)
            .architectures([&common.architecture])
            .handler(self.handler)
            .memory_size(&self.memory)
            .timeout(&self.timeout)
            .environment(Environment::new().variables(self.environment(common)))
            .kms_key_arn(scope.key.given.only(&scope.key.arn))
            .reserved_concurrent_executions(
                self.concurrency.limited.only(&self.concurrency.reserved),
            )
            .tracing_config(TracingConfig::new().mode(traced))
            .layers(observe.measured.only([&observe.layer]))
            .logging_config(logging)
            .vpc_config(common.network.used.only(vpc))
            .tags(scope.tag_list())
    }

    /// Lets everybody call the Function URL, and the function through that alone.
    fn open(
        &self,
        scope: &mut Scope<'_>,
        handle: &Handle<lambda::Function>,
    ) -> Result<(), InvalidTemplate> {
        let condition = self.condition.as_ref();
        let url =
            lambda::Permission::new("lambda:InvokeFunctionUrl", handle.reference(), EVERYBODY)
                .function_url_auth_type(FunctionUrlAuthType::None);
        let through =
            lambda::Permission::new("lambda:InvokeFunction", handle.reference(), EVERYBODY)
                .invoked_via_function_url(true);
        scope.template.add(&format!("{}UrlPublicPermissions", self.id), when(url, condition))?;
        let id = format!("{}URLInvokeAllowPublicAccess", self.id);
        scope.template.add(&id, when(through, condition)).map(|_| ())
    }

    fn add_timer(
        &self,
        scope: &mut Scope<'_>,
        handle: &Handle<lambda::Function>,
        rate: &str,
    ) -> Result<(), InvalidTemplate> {
        let id = format!("{}Timer", self.id);
        let target = events::rule::Target::new(handle.arn(), format!("{id}LambdaTarget"));
        let rule = events::Rule::new().schedule_expression(rate).targets([target]);
        let rule = scope.template.add(&id, when(rule, self.condition.as_ref()))?;
        let permission = lambda::Permission::new(
            "lambda:InvokeFunction",
            handle.reference(),
            "events.amazonaws.com",
        )
        .source_arn(rule.arn());
        let id = format!("{id}Permission");
        scope.template.add(&id, when(permission, self.condition.as_ref())).map(|_| ())
    }
}

fn when<R: Resource>(resource: R, condition: Option<&Condition>) -> R {
    match condition {
        Some(condition) => resource.only_if(condition),
        None => resource,
    }
}
