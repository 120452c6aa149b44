//! `register import`: makes what is registered what files say.

use serde_json::json;

use super::diff::{Change, Plan, plan};
use super::registry;
use super::source::{Defaults, load};
use crate::cli::register::ImportArguments;
use crate::client::registry::Registry;
use crate::commands::ask::Questions;
use crate::exit::Failure;
use crate::output::Output;

/// Shows what would change, asks, and does it.
pub(super) async fn run(arguments: &ImportArguments, output: &Output) -> Result<(), Failure> {
    let defaults =
        Defaults { function: arguments.function.as_deref(), target: arguments.target.as_deref() };
    let files = load(&arguments.paths, defaults)?;
    let registry = registry(&arguments.gateway).await?;
    let plan = plan(&files, &registry.list(None).await?, arguments.prune);
    show(&plan, output);
    if plan.changes.is_empty() || arguments.dry_run {
        return Ok(());
    }
    if !arguments.yes {
        let questions = Questions::new(false, output.is_json());
        if !questions.are_possible() {
            let text = "there is no terminal to ask at; nothing was changed: add --yes to go on \
                        unasked";
            return Err(Failure::Declined(text.to_owned()));
        }
        if !questions.confirm("Change this?").await? {
            return Err(Failure::Declined("nothing was changed".to_owned()));
        }
    }
    carry_out(plan.changes, &registry, output).await
}

fn show(plan: &Plan, output: &Output) {
    if output.is_json() {
        plan.changes.iter().for_each(|change| output.line(change.event()));
        return;
    }
    let width = plan.changes.iter().map(|change| change.id().len()).max().unwrap_or_default();
    let count = |done: &str| plan.changes.iter().filter(|change| change.done() == done).count();
    output.line(format!(
        "{} to add, {} to change, {} to remove, {} as they are",
        count("added"),
        count("changed"),
        count("removed"),
        plan.unchanged
    ));
    plan.changes.iter().for_each(|change| output.line(change.line(width)));
    if !plan.kept.is_empty() {
        let kept = plan.kept.join(", ");
        output.line(format!("In none of the files, and left alone without --prune: {kept}"));
    }
    // A question must not come before what it is about.
    output.flush();
}

/// Changes go first and removals next, because a new resource may take the URI of an old one.
/// One that fails does not keep the others from being done.
async fn carry_out(
    mut changes: Vec<Change>,
    registry: &Registry,
    output: &Output,
) -> Result<(), Failure> {
    changes.sort_by_key(|change| match change {
        Change::Update { .. } => 0,
        Change::Remove { .. } => 1,
        Change::Add { .. } => 2,
    });
    let (total, mut faults) = (changes.len(), Vec::new());
    for change in changes {
        let (id, done) = (change.id().to_owned(), change.done());
        let result = match change {
            Change::Add { text, .. } => registry.create(text).await.map(drop),
            Change::Update { text, revision, .. } => {
                registry.replace(&id, text, revision).await.map(drop)
            }
            Change::Remove { revision, .. } => registry.remove(&id, Some(revision)).await,
        };
        match result {
            Ok(()) if output.is_json() => {
                output.line(json!({"event": done, "id": id}).to_string());
            }
            Ok(()) => output.line(format!("{id} is {done}")),
            Err(error) => faults.push(format!("{id} is not {done}: {error}")),
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let done = total - faults.len();
    Err(Failure::Gateway(format!("{done} of {total} done; {}", faults.join("; "))))
}
