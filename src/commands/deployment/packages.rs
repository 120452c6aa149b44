//! `package` and `publish`.

use mcp_lambda_infra::package::{Packaged, Template};
use mcp_lambda_infra::publish::{Audience, Plan, Policy, Published, Request, Sharing, plan};
use serde_json::json;

use super::material::{Site, artifact, read};
use super::screen::Screen;
use crate::cli::deployment::{Architecture, PackageArguments, PublishArguments};
use crate::commands::run;
use crate::exit::Failure;
use crate::output::Output;

/// Builds, uploads, and writes the template that refers to it.
pub(crate) fn package(arguments: &PackageArguments, output: &Output) -> Result<(), Failure> {
    let screen = Screen::new(output, arguments.place.color);
    let chosen = match (arguments.architecture, &arguments.code.artifact) {
        (Some(one), _) => vec![one],
        (None, None) => vec![Architecture::Arm64, Architecture::X86_64],
        (None, Some(_)) => {
            return Err(Failure::Usage("--artifact is for one architecture: add --architecture"));
        }
    };
    run(async {
        let (account, caller) = Site::find(&arguments.place, &screen).await?;
        let mut artifacts = Vec::new();
        for architecture in chosen {
            artifacts.push(artifact(&account, &arguments.code, architecture, &screen).await?);
        }
        let bucket = arguments.code.bucket.as_deref();
        let site = Site::prepare(account, &caller, bucket, &screen).await?;
        let packaged = site.package(&arguments.code, &artifacts, &screen).await?;
        let path = &arguments.output;
        std::fs::write(path, packaged.template().to_text() + "\n").map_err(|error| {
            Failure::Package(format!("cannot write {}: {error}", path.display()))
        })?;
        let hashes: Vec<&str> = artifacts.iter().map(|one| one.archive.hash()).collect();
        if output.is_json() {
            let said = json!({"event": "packaged", "template": path, "bucket": site.bucket.name().as_str(), "sha256": hashes});
            output.line(said.to_string());
        } else {
            for one in &artifacts {
                output.line(format!("{:<8} {}", one.architecture.as_str(), one.archive.hash()));
            }
            output.line(format!("Wrote {}", path.display()));
        }
        Ok(())
    })
}

/// Publishes a packaged template.
pub(crate) fn publish(arguments: &PublishArguments, output: &Output) -> Result<(), Failure> {
    let screen = Screen::new(output, arguments.place.color);
    let sharing = sharing(arguments)?;
    let packaged = Packaged::parse(Template::parse(&read(&arguments.template)?)?)?;
    run(async {
        let (account, _) = Site::find(&arguments.place, &screen).await?;
        let plan = screen.during(plan(&account, &packaged, &sharing)).await?;
        if arguments.dry_run {
            show(&plan, sharing.policy().as_ref(), output);
            return Ok(());
        }
        let Published { arn, version } = screen.during(plan.carry_out(&account, &screen)).await?;
        if output.is_json() {
            let said = json!({"event": "published", "application": arn, "version": version});
            output.line(said.to_string());
        } else {
            output.line(format!("Published {arn} in version {version}"));
            if sharing == Sharing::Private {
                output.line(
                    "Whoever may deploy it stays as it was: --share-with, \
                     --share-with-organization and --public change that"
                        .to_owned(),
                );
            }
        }
        Ok(())
    })
}

/// Who may deploy it.
fn sharing(arguments: &PublishArguments) -> Result<Sharing, Failure> {
    let PublishArguments { public, share_with, share_with_organization, .. } = arguments;
    let is_shared = !share_with.is_empty() || share_with_organization.is_some();
    match (public, is_shared) {
        (true, true) => Err(Failure::Usage(
            "--public lets everybody deploy it, those of --share-with and \
             --share-with-organization too: leave out one or the other",
        )),
        (true, false) => Ok(Sharing::Public),
        (false, false) => Ok(Sharing::Private),
        (false, true) => {
            let accounts: Result<Vec<_>, _> = share_with.iter().map(|text| text.parse()).collect();
            let organization = share_with_organization.as_deref().map(str::parse).transpose()?;
            Ok(Sharing::With(Audience::new(accounts?, organization)?))
        }
    }
}

fn show(plan: &Plan, policy: Option<&Policy>, output: &Output) {
    let (arn, version) = (plan.arn(), plan.version());
    let steps: Vec<String> = plan.requests().iter().map(Request::to_string).collect();
    if output.is_json() {
        let mut said =
            json!({"event": "plan", "application": arn, "version": version, "requests": steps});
        if let Some(policy) = policy {
            said["policy"] = policy.to_json();
        }
        output.line(said.to_string());
        return;
    }
    output.line(format!("Publishing {arn} in version {version} would"));
    for step in steps {
        output.line(format!("  - {step}"));
    }
    if let Some(policy) = policy {
        output.line("with the policy".to_owned());
        output.line(format!("{:#}", policy.to_json()));
    }
    output.line("Nothing was asked".to_owned());
}
