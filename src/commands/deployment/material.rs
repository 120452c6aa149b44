//! What is packaged: the template and the program.

use std::path::Path;

use mcp_lambda_infra::account::{Account, Bucket, BucketName, Caller, Event, Progress};
use mcp_lambda_infra::package::{self as library, Artifact, LAMBDA_GLIBC, Packaged, Template};
use mcp_lambda_infra::stack::{self, Settings};

use super::screen::Screen;
use super::style::Tone;
use crate::cli::deployment::{Architecture, Code, Place};
use crate::exit::Failure;

/// An account with a bucket for packages.
pub(super) struct Site {
    pub(super) account: Account,
    pub(super) bucket: Bucket,
}

impl Site {
    /// Finds out who asks, which needs credentials, before anything else takes time.
    pub(super) async fn find(
        place: &Place,
        screen: &Screen<'_>,
    ) -> Result<(Account, Caller), Failure> {
        let account = Account::load(place.profile.as_deref(), place.region.as_deref()).await;
        let caller = screen.during(account.caller()).await?;
        screen.tell(Event::Caller { caller: &caller, region: account.region() });
        Ok((account, caller))
    }

    /// Finds or makes the bucket.
    pub(super) async fn prepare(
        account: Account,
        caller: &Caller,
        name: Option<&str>,
        screen: &Screen<'_>,
    ) -> Result<Self, Failure> {
        let name = match name {
            Some(name) => {
                name.parse().map_err(|error: mcp_lambda_infra::account::InvalidBucketName| {
                    Failure::Argument(error.to_string())
                })?
            }
            None => BucketName::of(caller, account.region()),
        };
        let bucket = screen.during(Bucket::ensure(&account, caller, name, screen)).await?;
        Ok(Self { account, bucket })
    }

    /// Builds or reads programs, uploads them and writes that into the template.
    pub(super) async fn package(
        &self,
        code: &Code,
        artifacts: &[Artifact],
        screen: &Screen<'_>,
    ) -> Result<Packaged, Failure> {
        let template = template(code)?;
        let folder = &code.source;
        let work =
            library::package(&self.account, template, artifacts, folder, &self.bucket, screen);
        Ok(screen.during(work).await?)
    }
}

/// The gateway's own template, or another.
fn template(code: &Code) -> Result<Template, Failure> {
    let text = match &code.template {
        Some(path) => read(path)?,
        None => stack::template(&Settings::default())
            .to_json()
            .map_err(|error| Failure::Bug(error.to_string()))?,
    };
    Ok(Template::parse(&text)?)
}

/// Reads a file of text.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Package(format!("cannot read {}: {error}", path.display())))
}

/// Reads the ready program, or builds one.
pub(super) async fn artifact(
    account: &Account,
    code: &Code,
    architecture: Architecture,
    screen: &Screen<'_>,
) -> Result<Artifact, Failure> {
    let architecture = match architecture {
        Architecture::Arm64 => library::Architecture::Arm64,
        Architecture::X86_64 => library::Architecture::X86_64,
    };
    let path = match &code.artifact {
        Some(path) => path.clone(),
        None => library::build(&code.source, architecture, screen).await?,
    };
    let artifact = Artifact::read(&path, architecture)?;
    if let Some((major, minor)) = artifact.archive.needs_newer_glibc() {
        let text = format!(
            "the program needs version {major}.{minor} of the C library and Lambda has {}.{}; \
             install cargo-lambda (pip install cargo-lambda) and build again",
            LAMBDA_GLIBC.0, LAMBDA_GLIBC.1
        );
        // An emulator runs it with this machine's library.
        if !account.is_elsewhere() {
            return Err(Failure::Package(text));
        }
        screen.say(&screen.style.paint(Tone::Careful, &format!("Only for this machine: {text}")));
    }
    Ok(artifact)
}
