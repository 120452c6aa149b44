//! The stack: everything that the deployed gateway is made of, as one template.
//!
//! What can be a parameter is one, so that one template serves everybody; [`Settings`] hold what
//! cannot. Names begin with the stack's identifier, so that stacks live side by side; roles have no
//! names of ours, so that `CAPABILITY_IAM` is all that deploying needs.

mod describe;
pub(crate) mod digest;
mod front;
mod functions;
pub mod names;
mod parameters;
pub mod settings;
mod watch;

use self::functions::Functions;
use self::parameters::{FunctionParameters, Parameters};
pub use self::settings::{Api, Application, Archives, Code, Flavour, InvalidTag, Settings, Tag};
use crate::aws::lambda::function::Architecture;
use crate::construct::function::{Common, Package};
use crate::construct::mailboxes::Mailboxes;
use crate::construct::network::Network;
use crate::construct::observe::Observe;
use crate::construct::table::{Registrations, Sessions};
use crate::construct::{Key, Scope};
use crate::core::{IntoValue, InvalidTemplate, Template, Value};
use crate::roles::Data;

/// Writes the template.
///
/// # Panics
///
/// If two pieces of it have the same name; names do not depend on what settings hold.
pub fn template(settings: &Settings) -> Template {
    write(settings).expect("names are unique, and are names")
}

/// What the functions of the gateway share.
struct Gateway<'a> {
    api: Api,
    parameters: &'a Parameters,
    common: &'a Common,
    data: &'a Data,
}

fn write(settings: &Settings) -> Result<Template, InvalidTemplate> {
    let mut template =
        Template::new("mcp-lambda: a serverless MCP gateway for AWS Lambda functions");
    let parameters = Parameters::declare(&mut template, settings)?;
    describe::metadata(&mut template, settings);
    let code = package(&mut template, &parameters.functions.architecture, &settings.code)?;
    let identifier = parameters.identifier.clone();
    let key = Key { arn: parameters.data.key_arn.clone(), given: parameters.data.has_key.clone() };
    let tags = tags(settings, &parameters);
    let mut scope =
        Scope { template: &mut template, flavour: settings.flavour, identifier, tags, key };
    let network = &parameters.network;
    let network = Network::add(&mut scope, &network.used, &network.vpc, network.subnets.clone())?;
    let observing = &parameters.observing;
    let observe = Observe {
        traced: observing.traced.clone(),
        measured: observing.measured.clone(),
        layer: observing.layer.clone(),
    };
    let FunctionParameters { architecture, endpoint, has_endpoint, .. } = &parameters.functions;
    let common = Common {
        code,
        architecture: architecture.clone(),
        network,
        observe,
        endpoint: has_endpoint.only(endpoint).into_value(),
    };
    let data = Data {
        registrations: Registrations::add(&mut scope, &parameters.data.protected)?,
        sessions: Sessions::add(&mut scope, &parameters.data.protected)?,
        mailboxes: Mailboxes::new(&scope),
    };
    let gateway =
        Gateway { api: settings.api, parameters: &parameters, common: &common, data: &data };
    let opened = front::open(&mut scope, &gateway)?;
    let functions = Functions::add(&mut scope, &gateway, opened.as_ref())?;
    let url = front::add(&mut scope, &gateway, opened.as_ref(), &functions)?;
    watch::add(&mut scope, &gateway, &functions)?;
    describe::access(&mut scope, &parameters, &functions, opened.as_ref())?;
    describe::outputs(&mut scope, &gateway, &functions, url.as_ref())?;
    Ok(template)
}

/// Where the program is, for the architecture that is chosen.
fn package(
    template: &mut Template,
    architecture: &Value<Architecture>,
    code: &Code,
) -> Result<Package, InvalidTemplate> {
    let (bucket, archives) = match code {
        Code::Local(path) => return Ok(Package::Local(path.clone())),
        Code::Bucket { bucket, archives } => (bucket.clone(), archives),
    };
    let key = match archives {
        Archives::Arm64(key) | Archives::X86_64(key) => key.as_str().into_value(),
        // Written out where it is used, and not in a mapping, because SAM makes the names of
        // versions out of the value.
        Archives::Both { arm64, x86_64 } => {
            let is_arm = architecture.equals(Architecture::Arm64);
            let is_arm = template.condition("IsArm64", is_arm)?;
            is_arm.choose(arm64.as_str(), x86_64.as_str()).into_value()
        }
    };
    Ok(Package::Bucket(bucket, key))
}

/// The tags of everything. A tag of the settings replaces one of the same key.
fn tags(settings: &Settings, parameters: &Parameters) -> Vec<(String, Value<String>)> {
    let mut tags = vec![("mcp-lambda:stack".to_owned(), parameters.identifier.clone())];
    tags.extend(parameters.tags.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    for tag in &settings.tags {
        tags.retain(|(key, _)| key != tag.key());
        tags.push((tag.key().to_owned(), tag.value().into_value()));
    }
    tags
}
