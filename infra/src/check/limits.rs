//! Sizes: what AWS takes no more of.
//!
//! Values that are known only when the stack is made count as they are written, so that a policy or
//! a text near its limit may still turn out too large.

use super::{Concern, Finding, Place};
use crate::template::{Declaration, Section, Template};
use crate::value::node::{Intrinsic, Node};

/// Bytes of a template that is sent with a request; larger ones are read from Amazon S3.
pub const MAX_INLINE_TEMPLATE_BYTES: usize = 51_200;
/// Bytes of a template.
pub const MAX_TEMPLATE_BYTES: usize = 1_048_576;
/// Resources of a template.
pub const MAX_RESOURCES: usize = 500;
/// Parameters of a template.
pub const MAX_PARAMETERS: usize = 200;
/// Outputs of a template.
pub const MAX_OUTPUTS: usize = 200;
/// Mappings of a template, and rows of a mapping.
pub const MAX_MAPPINGS: usize = 200;
/// Bytes of a template's or an output's description.
pub const MAX_DESCRIPTION_BYTES: usize = 1_024;
/// Bytes of a parameter's description.
pub const MAX_PARAMETER_DESCRIPTION_BYTES: usize = 4_000;
/// Bytes of a parameter's value, and so of its default.
pub const MAX_PARAMETER_DEFAULT_BYTES: usize = 4_096;
/// Characters of a managed policy, white space apart.
pub const MAX_MANAGED_POLICY_CHARACTERS: usize = 6_144;
/// Characters of all inline policies of a role, white space apart.
pub const MAX_INLINE_POLICIES_CHARACTERS: usize = 10_240;
/// Characters of what says who may take on a role, unless the account has more.
pub const MAX_TRUST_POLICY_CHARACTERS: usize = 2_048;
/// Bytes of a key's policy.
pub const MAX_KEY_POLICY_BYTES: usize = 32_768;
/// Bytes of a function's environment variables.
pub const MAX_VARIABLES_BYTES: usize = 4_096;

pub(super) fn check(template: &Template, findings: &mut Vec<Finding>) {
    let mut limit = Limit { findings };
    let whole = Place::template();
    let counts = [
        (template.resources().len(), MAX_RESOURCES, "resources"),
        (template.parameters().len(), MAX_PARAMETERS, "parameters"),
        (template.outputs().len(), MAX_OUTPUTS, "outputs"),
        (template.mappings().len(), MAX_MAPPINGS, "mappings"),
    ];
    for (count, most, what) in counts {
        limit.check(&whole, count, most, what);
    }
    let described = template.description().map_or(0, str::len);
    limit.check(&whole, described, MAX_DESCRIPTION_BYTES, "bytes of description");
    for (name, parameter) in template.parameters() {
        let place = Place::of(Section::Parameter, name);
        let bytes = |name| parameter.members.get(name).and_then(Node::as_text).map_or(0, str::len);
        let described = bytes("Description");
        limit.check(&place, described, MAX_PARAMETER_DESCRIPTION_BYTES, "bytes of description");
        limit.check(&place, bytes("Default"), MAX_PARAMETER_DEFAULT_BYTES, "bytes");
    }
    for (name, rows) in template.mappings() {
        let count = rows.as_map().map_or(0, indexmap::IndexMap::len);
        limit.check(&Place::of(Section::Mapping, name), count, MAX_MAPPINGS, "rows");
    }
    for (name, output) in template.outputs() {
        let described = output.to_document();
        let described = described.as_map().and_then(|map| map.get("Description")?.as_text());
        let (place, bytes) = (Place::of(Section::Output, name), described.map_or(0, str::len));
        limit.check(&place, bytes, MAX_DESCRIPTION_BYTES, "bytes of description");
    }
    for (id, resource) in template.resources() {
        limit.resource(&Place::of(Section::Resource, id).at("/Properties"), resource);
    }
    if let Ok(yaml) = template.to_yaml() {
        limit.template(yaml.len());
    }
}

struct Limit<'a> {
    findings: &'a mut Vec<Finding>,
}

impl Limit<'_> {
    fn check(&mut self, place: &Place, has: usize, most: usize, what: &str) {
        if has > most {
            let sentence = format!("Has {has} {what}, but may have no more than {most}");
            self.findings.push(place.error(Concern::Size, sentence));
        }
    }

    fn template(&mut self, bytes: usize) {
        self.check(&Place::template(), bytes, MAX_TEMPLATE_BYTES, "bytes");
        if bytes > MAX_INLINE_TEMPLATE_BYTES {
            let sentence = format!(
                "Has {bytes} bytes: over {MAX_INLINE_TEMPLATE_BYTES} it is deployed from Amazon S3"
            );
            self.findings.push(Place::template().warning(Concern::Size, sentence));
        }
    }

    fn resource(&mut self, place: &Place, resource: &Declaration) {
        let properties = &resource.properties;
        match resource.type_name() {
            "AWS::IAM::ManagedPolicy" => {
                let size = properties.get("PolicyDocument").map_or(0, characters);
                let place = place.at("/PolicyDocument");
                self.check(&place, size, MAX_MANAGED_POLICY_CHARACTERS, "characters");
            }
            "AWS::IAM::Role" => {
                let size = properties.get("AssumeRolePolicyDocument").map_or(0, characters);
                let trust = place.at("/AssumeRolePolicyDocument");
                self.check(&trust, size, MAX_TRUST_POLICY_CHARACTERS, "characters");
                let size = properties.get("Policies").map_or(0, inline_characters);
                let policies = place.at("/Policies");
                self.check(&policies, size, MAX_INLINE_POLICIES_CHARACTERS, "characters");
            }
            "AWS::KMS::Key" => {
                let size = properties.get("KeyPolicy").map_or(0, characters);
                self.check(&place.at("/KeyPolicy"), size, MAX_KEY_POLICY_BYTES, "characters");
            }
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
                let variables = properties
                    .get("Environment")
                    .and_then(|environment| environment.as_map()?.get("Variables").map(characters));
                let place = place.at("/Environment/Variables");
                self.check(&place, variables.unwrap_or(0), MAX_VARIABLES_BYTES, "bytes");
            }
            _ => {}
        }
    }
}

/// The characters of a tree as JSON without white space.
fn characters(node: &Node) -> usize {
    serde_json::to_string(node)
        .map_or(0, |json| json.chars().filter(|it| !it.is_whitespace()).count())
}

/// The characters of all policies of a role, those under conditions included.
fn inline_characters(policies: &Node) -> usize {
    match policies {
        Node::List(elements) => elements.iter().map(inline_characters).sum(),
        Node::Map(policy) => policy.get("PolicyDocument").map_or(0, characters),
        Node::Intrinsic(intrinsic) => match &**intrinsic {
            Intrinsic::If { yes, no, .. } => inline_characters(yes).max(inline_characters(no)),
            Intrinsic::Ref(_)
            | Intrinsic::GetAtt { .. }
            | Intrinsic::Sub { .. }
            | Intrinsic::FindInMap { .. }
            | Intrinsic::Select { .. }
            | Intrinsic::Split { .. }
            | Intrinsic::Join { .. }
            | Intrinsic::Base64(_)
            | Intrinsic::ImportValue(_)
            | Intrinsic::Condition(_)
            | Intrinsic::Logic { .. } => 0,
        },
        Node::Bool(_) | Node::Integer(_) | Node::Number(_) | Node::Text(_) => 0,
    }
}
