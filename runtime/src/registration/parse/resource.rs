//! Resources and resource templates.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::protocol::json;
use crate::protocol::limits as wire;
use crate::protocol::name::Name;
use crate::protocol::template::UriTemplate;
use crate::registration::listing::{Listing, ObjectText};
use crate::registration::parse::{Parser, check_completions};
use crate::registration::problem::Problems;
use crate::registration::{Entry, Resource, ResourceSource, ResourceTemplate, Target};

impl Parser<'_> {
    pub(super) fn resource(&self, name: &Name, problems: &mut Problems) -> Option<Entry> {
        let document = self.document;
        let short = self.short_resource(problems);
        let uri_template = document.uri_template.clone().or(short.uri_template);
        let completions = document.completions.clone().or(short.completions).unwrap_or_default();
        check_completions(&completions, problems);
        let is_static = document.text.is_some() || document.blob.is_some();
        let target = if is_static { None } else { self.target(problems) };
        if is_static && document.lambda_arn.is_some() {
            problems.note("/lambdaArn", "cannot stand beside text or blob");
        }
        // The origin calls a fixed URI a template as well.
        let fixed = uri_template.as_deref().is_some_and(|text| !text.contains('{'));
        match (document.uri.clone(), uri_template) {
            (Some(_), Some(_)) => {
                problems.note("/uri", "cannot stand beside uriTemplate: use one of them");
                None
            }
            (None, None) => {
                problems.note("/uri", "is missing: give uri, or uriTemplate");
                None
            }
            (Some(uri), None) => self.fixed(name, uri, target, problems),
            (None, Some(uri)) if fixed => self.fixed(name, uri, target, problems),
            (None, Some(text)) => {
                let template = problems.keep("/uriTemplate", UriTemplate::parse(&text))?;
                check_uri("/uriTemplate", &text, problems);
                if is_static {
                    problems.note("/lambdaArn", "is missing: a template needs a function");
                }
                let listing = Listing::same(self.resource_listing(name, "uriTemplate", &text));
                Some(Entry::Template(ResourceTemplate {
                    name: name.clone(),
                    tags: self.tags.clone(),
                    template,
                    listing,
                    mime_type: document.mime_type.clone(),
                    completions,
                    target: target?,
                }))
            }
        }
    }

    fn fixed(
        &self,
        name: &Name,
        uri: String,
        target: Option<Target>,
        problems: &mut Problems,
    ) -> Option<Entry> {
        check_uri("/uri", &uri, problems);
        let listing = Listing::same(self.resource_listing(name, "uri", &uri));
        let source = match target {
            Some(target) => ResourceSource::Function(target),
            None => ResourceSource::Contents(self.contents(&uri, problems)?),
        };
        let mime_type = self.document.mime_type.clone();
        let (name, tags) = (name.clone(), self.tags.clone());
        Some(Entry::Resource(Resource { name, tags, uri, listing, mime_type, source }))
    }

    fn contents(&self, uri: &str, problems: &mut Problems) -> Option<String> {
        let document = self.document;
        let block = ObjectText::new()
            .string("uri", Some(uri))
            .string("mimeType", document.mime_type.as_deref());
        let block = match (&document.text, &document.blob) {
            (Some(text), None) => block.string("text", Some(text)),
            (None, Some(blob)) => {
                if STANDARD.decode(blob).is_err() {
                    problems.note("/blob", "must be base64");
                }
                block.string("blob", Some(blob))
            }
            (Some(_), Some(_)) => {
                problems.note("/blob", "cannot stand beside text");
                return None;
            }
            // The missing lambdaArn was noted already.
            (None, None) => return None,
        };
        Some(format!("[{}]", block.finish()))
    }

    fn resource_listing(&self, name: &Name, member: &str, uri: &str) -> String {
        let document = self.document;
        let size = document.size.filter(|_| member == "uri").map(|size| size.to_string());
        let head = ObjectText::new().string(member, Some(uri)).string("name", Some(name.as_str()));
        let listing = head
            .string("title", document.title.as_deref())
            .string("description", document.description.as_deref())
            .string("mimeType", document.mime_type.as_deref());
        let listing = match size {
            Some(size) => listing.text("size", &size),
            None => listing,
        };
        listing
            .raw("annotations", document.annotations.as_deref())
            .raw("icons", document.icons.as_deref())
            .raw("_meta", document.meta.as_deref())
            .finish()
    }

    /// The origin's `parameters` of a resource: `{uriTemplate, completions?}`.
    fn short_resource(&self, problems: &mut Problems) -> ShortResource {
        let Some(raw) = &self.document.parameters else { return ShortResource::default() };
        let hint = "must be {\"uriTemplate\": ..., \"completions\": {variable: [value, ...]}}";
        let read = json::object(raw.get()).map_err(|_| hint);
        problems.keep("/parameters", read).unwrap_or_default()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ShortResource {
    uri_template: Option<String>,
    #[serde(default)]
    completions: Option<BTreeMap<String, Vec<String>>>,
}

fn check_uri(pointer: &str, uri: &str, problems: &mut Problems) {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    let good = scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    if !good || uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
        problems.note(pointer, "must be an absolute URI, such as notes://today");
    }
    if uri.len() > wire::MAX_URI_BYTES {
        problems.note(pointer, format!("has more than {} bytes", wire::MAX_URI_BYTES));
    }
}
