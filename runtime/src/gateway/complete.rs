//! Completion: fixed lists first, then the function.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::catalog::offer::Offer;
use crate::catalog::shelf::Shelved;
use crate::gateway::view::View;
use crate::gateway::{Answered, Asked, Gateway};
use crate::invoke::exchange::Outgoing;
use crate::invoke::outcome::{Outcome, completion_members};
use crate::invoke::{self, Resume, Subject};
use crate::protocol::call::{Complete, Reference};
use crate::protocol::error::RpcError;
use crate::protocol::jsonrpc::Request;
use crate::protocol::notification::Wanted;
use crate::registration::{PromptSource, ResourceTemplate, Target};

impl Gateway {
    pub(super) async fn complete(
        &self,
        complete: &Complete<'_>,
        request: &Request<'_>,
        asked: &Asked<'_>,
    ) -> Answered {
        let view = match self.view(asked).await {
            Ok(view) => view,
            Err(answered) => return answered,
        };
        let offer = &view.offer;
        let (of, fixed, target, known, labels) = match &complete.reference {
            Reference::Prompt(name) => match offer.prompts.find(&name.0) {
                None => {
                    let error = RpcError::params("unknown prompt");
                    return view
                        .unknown(error, |all| all.prompts.find(&name.0).map(Shelved::labels));
                }
                Some(prompt) => {
                    let target = match &prompt.source {
                        PromptSource::Function(target) => Some(target),
                        PromptSource::Text(_) => None,
                    };
                    let known =
                        prompt.arguments.iter().any(|(name, _)| *name == complete.argument.0);
                    (&*name.0, &prompt.completions, target, known, prompt.labels())
                }
            },
            Reference::Resource(uri) => match template(offer, &uri.0) {
                None => return complete_fixed_resource(&view, &uri.0, asked),
                Some(template) => {
                    let mut names = template.template.variables();
                    let known = names.any(|name| name == complete.argument.0);
                    let (fixed, target) = (&template.completions, Some(&template.target));
                    (&*uri.0, fixed, target, known, template.labels())
                }
            },
        };
        if !known {
            return RpcError::params("unknown argument").into();
        }
        let judged = view.judge(labels);
        let members = match (matching(fixed, complete), target) {
            (Some(values), _) => completion_members(values, None, None),
            (None, Some(target)) => {
                let asking = self.ask_function(complete, of, target, request, asked);
                return asking.await.judged(judged);
            }
            (None, None) => completion_members(Vec::new(), None, None),
        };
        Answered::own(asked.endpoint.stamp.own(asked.version, &members, None)).judged(judged)
    }

    /// A function that knows nothing of completion offers none: people go on typing.
    async fn ask_function(
        &self,
        complete: &Complete<'_>,
        of: &str,
        target: &Target,
        request: &Request<'_>,
        asked: &Asked<'_>,
    ) -> Answered {
        let subject = Subject::Completion {
            of,
            argument: &complete.argument.0,
            value: &complete.value.0,
            context: complete.context,
            target,
        };
        let warning = match self.admit_call(&subject).await {
            Ok(warning) => warning,
            Err(limited) => return limited.into(),
        };
        let wanted = Wanted::default();
        let caller = self.caller(request, asked, &wanted, target);
        let (resume, outgoing) = (Resume::default(), Outgoing::none());
        let (invoker, started) = (&*self.ports.invoker, Instant::now());
        let members = match invoke::call(invoker, &subject, &caller, &resume, &outgoing).await {
            Outcome::Own { members, .. } => members,
            Outcome::Foreign { .. } | Outcome::InputRequired(_) | Outcome::Error(_) => {
                completion_members(Vec::new(), None, None)
            }
        };
        let mut answered = Answered::own(asked.endpoint.stamp.own(asked.version, &members, None));
        answered.facts.target_time = Some(started.elapsed());
        answered.warned(warning)
    }
}

/// A template by its text.
fn template<'a>(offer: &'a Offer, text: &str) -> Option<&'a ResourceTemplate> {
    offer.templates.iter().find(|template| template.template.as_str() == text)
}

/// A fixed resource has nothing to complete; an unknown one is an error.
fn complete_fixed_resource(view: &View, uri: &str, asked: &Asked<'_>) -> Answered {
    let Some(resource) = view.offer.resource(uri) else {
        let error = RpcError::params("unknown resource template");
        return view.unknown(error, |all| {
            let template = template(all, uri).map(Shelved::labels);
            template.or_else(|| all.resource(uri).map(Shelved::labels))
        });
    };
    let members = completion_members(Vec::new(), None, None);
    let answered = Answered::own(asked.endpoint.stamp.own(asked.version, &members, None));
    answered.judged(view.judge(resource.labels()))
}

/// The fixed values that begin with what was typed, ignoring case; `None` without fixed values.
fn matching(fixed: &BTreeMap<String, Vec<String>>, complete: &Complete<'_>) -> Option<Vec<String>> {
    let values = fixed.get(&*complete.argument.0)?;
    let typed = complete.value.0.to_lowercase();
    Some(values.iter().filter(|value| value.to_lowercase().starts_with(&typed)).cloned().collect())
}
