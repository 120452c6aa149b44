//! The combinations of settings that templates are pinned for.

use mcp_lambda_infra::core::Template;
use mcp_lambda_infra::stack::{self, Api, Archives, Code, Flavour, Settings, Tag};

/// A template that is pinned.
pub(crate) struct Case {
    /// Its file is `snapshots/template-<name>.snap.yaml`.
    pub(crate) name: &'static str,
    pub(crate) settings: Settings,
}

impl Case {
    pub(crate) fn template(&self) -> Template {
        stack::template(&self.settings)
    }
}

fn both() -> Code {
    bucket(Archives::Both { arm64: "arm64.zip".to_owned(), x86_64: "x86_64.zip".to_owned() })
}

fn bucket(archives: Archives) -> Code {
    Code::Bucket { bucket: "packages".to_owned(), archives }
}

/// The expanded template with everything in it that there can be.
pub(crate) fn expanded() -> Settings {
    Settings { flavour: Flavour::Expanded, code: both(), ..Settings::default() }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let sam = Settings::default;
    let tag = |text| Tag::parse(text).expect("a tag");
    let case = |name, settings| Case { name, settings };
    vec![
        case("sam", sam()),
        case("sam-no-api", Settings { api: Api::Absent, ..sam() }),
        case("sam-split-api", Settings { api: Api::Split, ..sam() }),
        case(
            "sam-arm64",
            Settings { code: bucket(Archives::Arm64("arm64.zip".to_owned())), ..sam() },
        ),
        case(
            "sam-x86-64",
            Settings { code: bucket(Archives::X86_64("x86_64.zip".to_owned())), ..sam() },
        ),
        case("sam-both", Settings { code: both(), ..sam() }),
        case(
            "sam-tags",
            Settings {
                tags: vec![tag("cost-centre=4711"), tag("application:owner=platform")],
                application: None,
                ..sam()
            },
        ),
        case("expanded", expanded()),
        case("expanded-no-api", Settings { api: Api::Absent, ..expanded() }),
        case("expanded-split-api", Settings { api: Api::Split, ..expanded() }),
        case("expanded-local", Settings { flavour: Flavour::Expanded, api: Api::Absent, ..sam() }),
    ]
}
