//! What is packaged: the template and the program.

use std::path::Path;

use mcp_lambda_infra::account::{
    Account, Bucket, BucketName, Caller, Event, InvalidBucketName, Progress,
};
use mcp_lambda_infra::package::{self as library, Artifact, LAMBDA_GLIBC, Packaged, Template};
use mcp_lambda_infra::stack::Settings;

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
        let name = bucket(name)?.unwrap_or_else(|| BucketName::of(caller, account.region()));
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

/// The name that was given to the bucket.
pub(super) fn bucket(name: Option<&str>) -> Result<Option<BucketName>, Failure> {
    let invalid = |error: InvalidBucketName| Failure::Argument(error.to_string());
    name.map(str::parse).transpose().map_err(invalid)
}

/// The gateway's own template, or another.
pub(super) fn template(code: &Code) -> Result<Template, Failure> {
    match &code.template {
        Some(path) => Ok(Template::parse(&read(path)?)?),
        None => Ok(Template::of_the_gateway(&Settings::default())),
    }
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
