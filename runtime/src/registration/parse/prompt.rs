//! Prompts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::protocol::name::Name;
use crate::registration::document::Argument;
use crate::registration::listing::{Listing, ObjectText};
use crate::registration::parse::{Parser, check_completions};
use crate::registration::problem::Problems;
use crate::registration::prompt::PromptText;
use crate::registration::{Entry, Prompt, PromptSource, limits, shorthand};

impl Parser<'_> {
    pub(super) fn prompt(&self, name: &Name, problems: &mut Problems) -> Option<Entry> {
        let document = self.document;
        let arguments = self.prompt_arguments(problems)?;
        let source = match &document.messages {
            None => self.target(problems).map(PromptSource::Function),
            Some(_) if document.lambda_arn.is_some() => {
                problems.note("/lambdaArn", "cannot stand beside messages");
                None
            }
            Some(messages) => {
                let text = PromptText::parse(messages);
                match text {
                    Ok(text) => {
                        check_placeholders(&text, &arguments, problems);
                        Some(PromptSource::Text(text))
                    }
                    Err((index, why)) => {
                        problems.note(format!("/messages/{index}"), why);
                        None
                    }
                }
            }
        };
        let listed: Vec<String> = arguments.iter().map(argument_listing).collect();
        let listing = self
            .head(name)
            .text("arguments", &format!("[{}]", listed.join(",")))
            .raw("icons", document.icons.as_deref())
            .raw("_meta", document.meta.as_deref())
            .finish();
        let completions: BTreeMap<_, _> = arguments
            .iter()
            .filter_map(|a| Some((a.name.clone(), a.completions.clone()?)))
            .collect();
        check_completions(&completions, problems);
        Some(Entry::Prompt(Prompt {
            name: name.clone(),
            tags: self.tags.clone(),
            description: document.description.clone(),
            listing: Listing::same(listing),
            arguments: arguments
                .iter()
                .map(|a| (a.name.clone(), a.required == Some(true)))
                .collect(),
            completions,
            source: source?,
        }))
    }

    fn prompt_arguments(&self, problems: &mut Problems) -> Option<Vec<Argument>> {
        let document = self.document;
        let arguments = match (&document.arguments, &document.parameters) {
            (Some(_), Some(_)) => {
                problems.note("/parameters", "cannot stand beside arguments: use one of them");
                return None;
            }
            (Some(arguments), None) => arguments.clone(),
            (None, Some(parameters)) => {
                let value: Value = serde_json::from_str(parameters.get()).ok()?;
                arguments_of(&shorthand::expand(&value, problems)?.schema)
            }
            (None, None) => Vec::new(),
        };
        if arguments.len() > limits::MAX_PROMPT_ARGUMENTS {
            let most = limits::MAX_PROMPT_ARGUMENTS;
            problems.note("/arguments", format!("a prompt has at most {most} arguments"));
        }
        for (index, argument) in arguments.iter().enumerate() {
            let twice = arguments[..index].iter().any(|other| other.name == argument.name);
            if twice || argument.name.is_empty() {
                problems.note(format!("/arguments/{index}/name"), "must be unique and not empty");
            }
        }
        Some(arguments)
    }
}

fn check_placeholders(text: &PromptText, arguments: &[Argument], problems: &mut Problems) {
    for name in text.placeholders() {
        if !arguments.iter().any(|argument| argument.name == name) {
            problems.note("/messages", format!("{{{{{name}}}}} is not one of the arguments"));
        }
    }
}

fn argument_listing(argument: &Argument) -> String {
    let listing = ObjectText::new()
        .string("name", Some(&argument.name))
        .string("title", argument.title.as_deref())
        .string("description", argument.description.as_deref());
    match argument.required {
        None => listing.finish(),
        Some(required) => {
            listing.text("required", if required { "true" } else { "false" }).finish()
        }
    }
}

fn arguments_of(schema: &Value) -> Vec<Argument> {
    let required = |name: &str| {
        let list = schema.get("required").and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(name)))
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let one = |(name, property): (&String, &Value)| Argument {
        name: name.clone(),
        title: None,
        description: property.get("description").and_then(Value::as_str).map(str::to_owned),
        required: Some(required(name)),
        completions: None,
    };
    properties.iter().map(one).collect()
}
