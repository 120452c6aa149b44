//! `deploy`, `diff`, `outputs` and `destroy`.

use std::collections::BTreeMap;
use std::future::Future;

use mcp_lambda_infra::account::Account;
use mcp_lambda_infra::deploy::{
    Change, ChangeSet, DeployError, Deployed, Done, Gateway, Order, Proposal, StackName, Vpc,
    VpcId, propose,
};
use mcp_lambda_infra::destroy as library;
use mcp_lambda_infra::diff::{Data, line, summary};
use mcp_lambda_infra::outputs::{Outputs, outputs as describe};
use serde_json::json;

use super::material::{Site, artifact, bucket, template};
use super::screen::Screen;
use super::style::Tone;
use crate::cli::deployment::{
    DEFAULT_STACK, DeployArguments, DestroyArguments, DiffArguments, OutputsArguments, What,
};
use crate::commands::ask::Questions;
use crate::commands::run;
use crate::exit::Failure;
use crate::output::Output;

/// Deploys what would change, if somebody says yes.
pub(crate) fn deploy(arguments: &DeployArguments, output: &Output) -> Result<(), Failure> {
    let questions = Questions::new(arguments.yes, output.is_json());
    let screen = Screen::new(output, arguments.what.place.color);
    run(async {
        let (site, order) = prepare(&arguments.what, questions, &screen).await?;
        let account = &site.account;
        let proposed = screen.during(propose(account, &order, &site.bucket, &screen)).await?;
        let changes = match proposed {
            Proposal::Unchanged(outputs) => {
                screen.say("Nothing changes: this is what is deployed");
                let done = Done::Unchanged;
                tell(&Deployed { done, outputs }, &order.stack, account, output);
                return Ok(());
            }
            Proposal::Changes(changes) => changes,
        };
        show(changes.changes(), &order.stack, &screen, output);
        if let Err(declined) = decide(arguments, questions, &changes).await {
            screen.during(changes.discard(account)).await?;
            return Err(declined);
        }
        screen.expect(changes.changes());
        let work = changes.execute(account, &screen);
        let deployed = follow(&screen, &order.stack, work).await?;
        tell(&deployed, &order.stack, account, output);
        Ok(())
    })
}

/// Says what would change.
pub(crate) fn diff(arguments: &DiffArguments, output: &Output) -> Result<(), Failure> {
    let screen = Screen::new(output, arguments.what.place.color);
    let nobody = Questions::new(true, output.is_json());
    run(async {
        let (site, order) = prepare(&arguments.what, nobody, &screen).await?;
        let work = mcp_lambda_infra::diff::diff(&site.account, &order, &site.bucket, &screen);
        let changes = screen.during(work).await?;
        show(&changes, &order.stack, &screen, output);
        Ok(())
    })
}

/// Says what a stack says of itself.
pub(crate) fn outputs(arguments: &OutputsArguments, output: &Output) -> Result<(), Failure> {
    let name: StackName = arguments.stack_name.parse()?;
    let screen = Screen::new(output, arguments.place.color);
    let place = &arguments.place;
    run(async {
        let account = Account::load(place.profile.as_deref(), place.region.as_deref()).await;
        let described = screen.during(describe(&account, &name)).await?;
        screen.say(&format!("{name} is {}", described.status));
        print(&described.outputs, &described.status, &name, &account, output);
        Ok(())
    })
}

/// Takes a stack away.
pub(crate) fn destroy(arguments: &DestroyArguments, output: &Output) -> Result<(), Failure> {
    let name: StackName = arguments.stack_name.parse()?;
    let questions = Questions::new(arguments.yes, output.is_json());
    let screen = Screen::new(output, arguments.place.color);
    run(async {
        let (account, _) = Site::find(&arguments.place, &screen).await?;
        let kept = screen.during(library::retained(&account, &name)).await?;
        let names: Vec<&str> = kept.iter().map(|one| one.name.as_str()).collect();
        if !kept.is_empty() {
            let fate = if arguments.delete_data { "DELETED WITH ITS DATA" } else { "kept" };
            screen.say(&format!("Of {name}, {} would be {fate}", names.join(", ")));
        }
        if !arguments.yes {
            need_somebody(questions)?;
            if !questions.confirm(&format!("Take {name} away?")).await? {
                return Err(Failure::Declined(format!("{name} stays as it is")));
            }
        }
        let work = library::destroy(&account, &name, arguments.delete_data, &screen);
        let left = follow(&screen, &name, work).await?;
        if output.is_json() {
            let left: Vec<_> =
                left.iter().map(|one| json!({"type": one.kind, "name": one.name})).collect();
            let said = json!({"event": "destroyed", "stack": name.as_str(), "left": left});
            output.line(said.to_string());
            return Ok(());
        }
        output.line(format!("{name} is gone"));
        for one in left {
            output.line(format!("  {} is left: {}", one.name, one.kind));
        }
        Ok(())
    })
}

/// Asks what was not said, and packages.
async fn prepare(
    what: &What,
    questions: Questions,
    screen: &Screen<'_>,
) -> Result<(Site, Order), Failure> {
    let stack: StackName = match &what.stack_name {
        Some(name) => name.parse()?,
        None => questions.text("Stack name", DEFAULT_STACK, |text| text.parse()).await?,
    };
    let mut place = what.place.clone();
    if place.region.is_none() && questions.are_possible() {
        let known = Account::load(place.profile.as_deref(), None).await;
        let answer = |text: &str| Ok::<_, Failure>(text.to_owned());
        place.region = Some(questions.text("AWS region", known.region(), answer).await?);
    }
    let vpc = match (&what.vpc_id, &what.subnet_ids) {
        (Some(id), Some(subnets)) => Some(Vpc::parse(id, subnets)?),
        _ if questions.confirm("Deploy to a VPC?").await? => {
            let id = questions.text("VPC id", "", str::parse::<VpcId>).await?;
            let parse = |subnets: &str| Vpc::with_subnets(id.clone(), subnets);
            Some(questions.text("Subnet ids, separated by commas", "", parse).await?)
        }
        _ => None,
    };
    let (parameters, tags) = (pairs(&what.parameters)?, pairs(&what.tags)?);
    let bucket = bucket(what.code.bucket.as_deref())?;
    let (account, caller) = Site::find(&place, screen).await?;
    let artifact = artifact(&account, &what.code, what.architecture, screen).await?;
    let (template, folder) = (template(&what.code)?, what.code.source.clone());
    let gateway = Gateway { stack, artifact, template, folder, bucket, vpc, parameters, tags };
    let (bucket, order) = screen.during(gateway.upload(&account, &caller, screen)).await?;
    Ok((Site { account, bucket }, order))
}

/// Reads `NAME=VALUE`.
fn pairs(texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty())?;
        Some((name.to_owned(), value.to_owned()))
    };
    texts
        .iter()
        .map(|text| {
            pair(text).ok_or_else(|| Failure::Argument(format!("{text:?} is not NAME=VALUE")))
        })
        .collect()
}

fn need_somebody(questions: Questions) -> Result<(), Failure> {
    if questions.are_possible() {
        return Ok(());
    }
    let text = "there is no terminal to ask at; nothing was changed: add --yes to go on unasked";
    Err(Failure::Declined(text.to_owned()))
}

/// Whether to go on.
async fn decide(
    arguments: &DeployArguments,
    questions: Questions,
    changes: &ChangeSet,
) -> Result<(), Failure> {
    let loses = changes.loses_data();
    if arguments.yes {
        if loses && !arguments.allow_data_loss {
            let text = "data would be lost, so that --yes does not suffice; nothing was changed: \
                        add --allow-data-loss";
            return Err(Failure::Declined(text.to_owned()));
        }
        return Ok(());
    }
    need_somebody(questions)?;
    let question = if loses { "Deploy this AND LOSE DATA?" } else { "Deploy this?" };
    if questions.confirm(question).await? {
        return Ok(());
    }
    Err(Failure::Declined("nothing was changed".to_owned()))
}

/// Waits for an operation on a stack. Ctrl-C ends the waiting only, and says so.
async fn follow<T>(
    screen: &Screen<'_>,
    stack: &StackName,
    work: impl Future<Output = Result<T, DeployError>>,
) -> Result<T, Failure> {
    let stopped = format!(
        "no longer watching: {stack} goes on in AWS; see how far it is with `mcp-lambda outputs \
         --stack-name {stack}`, or end an update with `aws cloudformation cancel-update-stack \
         --stack-name {stack}`"
    );
    screen
        .during(async {
            tokio::select! {
                done = work => done.map_err(Failure::from),
                _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted(stopped)),
            }
        })
        .await
}

/// Shows what would change.
fn show(changes: &[Change], stack: &StackName, screen: &Screen<'_>, output: &Output) {
    let lines: Vec<_> = changes.iter().map(line).collect();
    if output.is_json() {
        for one in &lines {
            let lost = one.data != Data::Safe;
            let said = json!({"event": "change", "sign": one.sign, "id": one.id,
                "type": one.kind, "words": one.words, "loses_data": lost});
            output.line(said.to_string());
        }
        return;
    }
    screen.say(&format!(
        "{}: {}",
        screen.style.paint(Tone::Strong, stack.as_str()),
        summary(changes)
    ));
    let width = lines.iter().map(|one| one.id.len()).max().unwrap_or_default();
    for one in &lines {
        let id = format!("{:<width$}", one.id);
        let tone = match (one.data, one.sign) {
            (Data::Lost | Data::InDanger, _) | (_, '-') => Tone::Bad,
            (Data::Safe, '+') => Tone::Good,
            (Data::Safe, _) => Tone::Careful,
        };
        let (sign, kind) = (one.sign.to_string(), screen.style.paint(Tone::Faint, &one.kind));
        let words = match one.data {
            Data::Safe => one.words.clone(),
            Data::InDanger | Data::Lost => screen.style.paint(Tone::Bad, &one.words),
        };
        screen.say(&format!("  {} {} {words}  {kind}", screen.style.paint(tone, &sign), id));
    }
}

/// Says what was done.
fn tell(deployed: &Deployed, stack: &StackName, account: &Account, output: &Output) {
    let status = match deployed.done {
        Done::Created => "created",
        Done::Updated => "updated",
        Done::Unchanged => "unchanged",
        Done::Declined => "declined",
    };
    if !output.is_json() && deployed.done != Done::Unchanged {
        output.line(format!("{stack} is {status}"));
    }
    print(&deployed.outputs, status, stack, account, output);
}

/// Prints the outputs, and how to connect.
fn print(outputs: &Outputs, status: &str, stack: &StackName, account: &Account, output: &Output) {
    if output.is_json() {
        let all: BTreeMap<&str, &str> = outputs.all().collect();
        let said = json!({"event": "outputs", "stack": stack.as_str(), "status": status,
            "region": account.region(), "outputs": all, "mcpUrl": outputs.mcp_url(),
            "sseUrl": outputs.sse_url(), "messageUrl": outputs.message_url(),
            "publicUrl": outputs.public_url(), "registrationUrl": outputs.registration_url()});
        output.line(said.to_string());
        return;
    }
    let width = outputs.all().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in outputs.all() {
        output.line(format!("  {name:<width$}  {value}"));
    }
    let (Some(mcp), Some(registration)) = (outputs.mcp_url(), outputs.registration_url()) else {
        return;
    };
    let region = account.region();
    output.line(String::new());
    output.line("Register a function, as an administrator:".to_owned());
    output.line(format!(
        "  awscurl --service lambda --region {region} -X POST -d @registration.json {registration}"
    ));
    output.line("Connect, as a client with signatures:".to_owned());
    output.line(format!("  {mcp}"));
    output.line(format!("  mcp-lambda connect --stack {stack} --region {region}"));
    if let Some(public) = outputs.public_url() {
        output.line("Connect, as a client with tokens:".to_owned());
        output.line(format!("  {public}"));
    }
    if let Some(name) = outputs.tokens_name() {
        output.line("Make the first token, and show it later:".to_owned());
        output.line(format!("  mcp-lambda token rotate --secret {name} --region {region}"));
        output.line(format!("  mcp-lambda token show --secret {name} --region {region}"));
    }
}
