//! What each file may use, how long it may be, and what only one place may do.

use std::path::{Path, PathBuf};

/// The modules of `runtime`, each of which may use only those after it.
const LAYERS: [&str; 16] = [
    "function",
    "edge",
    "admin",
    "gateway",
    "invoke",
    "catalog",
    "session",
    "door",
    "port",
    "server",
    "policy",
    "registration",
    "principal",
    "protocol",
    "deployment",
    "listener",
];
/// Lines of code in a file, before its tests.
const MAX_LINES: usize = 420;
/// Lines of a function.
const MAX_FUNCTION: usize = 75;

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Without the tests at the end.
    fn code(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests").next().unwrap_or(&self.text)
    }
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                found.push(Source { path, text });
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn layer(path: &Path) -> Option<usize> {
    let inner =
        path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime/src")).ok()?;
    let first = inner.components().next()?.as_os_str().to_str()?;
    LAYERS.iter().position(|layer| *layer == first.trim_end_matches(".rs"))
}

#[test]
fn modules_use_only_what_stands_after_them() {
    let mut faults = Vec::new();
    for source in sources(&["runtime/src"]) {
        let Some(own) = layer(&source.path) else { continue };
        let lines = source.code().lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<&str> = lines.collect();
        for piece in code.join("\n").split("crate::").skip(1) {
            let used =
                piece.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let position = LAYERS.iter().position(|layer| *layer == used);
            let allowed = match position {
                Some(position) => position >= own,
                None => false,
            };
            if !allowed {
                faults.push(format!("{} uses crate::{used}", source.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn only_composition_roots_name_the_adapters() {
    for source in sources(&["runtime/src"]) {
        for adapters in ["embedded", "aws"] {
            let inside = source.path.to_string_lossy().contains(&format!("runtime/src/{adapters}"));
            let named = source.code().contains(&format!("crate::{adapters}"));
            assert!(inside || !named, "{}", source.path.display());
        }
    }
}

#[test]
fn the_protocol_does_no_io() {
    for source in
        sources(&["runtime/src/protocol", "runtime/src/registration", "runtime/src/policy"])
    {
        for word in ["async fn", "tokio::", "std::fs", "std::net", "std::env"] {
            assert!(!source.code().contains(word), "{} has {word}", source.path.display());
        }
    }
}

#[test]
fn the_environment_is_read_at_the_root_only() {
    for source in sources(&["runtime/src"]) {
        if source.path.components().any(|part| part.as_os_str() == "bin") {
            continue;
        }
        for word in ["env::var", "std::env"] {
            assert!(!source.code().contains(word), "{} has {word}", source.path.display());
        }
    }
}

#[test]
fn files_and_functions_are_short() {
    let mut faults = Vec::new();
    for source in
        sources(&["src", "runtime/src", "host/src", "infra/src", "sdk/src", "sdk/macros/src"])
    {
        if source.path.components().any(|part| part.as_os_str() == "contract") {
            // A contract suite is tests, though it is compiled as a library.
            continue;
        }
        let lines = source.code().lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{} has {lines} lines", source.path.display()));
        }
        faults.extend(long_functions(&source));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn long_functions(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let mut begun: Option<(usize, usize, String)> = None;
    for (number, line) in source.code().lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let trimmed = line.trim_start();
        let head = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) async fn ",
            "pub(super) async fn ",
        ];
        let declared_only = trimmed.ends_with(';');
        if begun.is_none() && !declared_only && head.iter().any(|head| trimmed.starts_with(head)) {
            begun = Some((number, indent, trimmed.to_owned()));
        }
        if let Some((_, depth, _)) = &begun
            && indent == *depth
            && trimmed.ends_with(';')
        {
            // A declaration of several lines.
            begun = None;
        }
        if let Some((start, depth, name)) = &begun
            && trimmed == "}"
            && indent == *depth
        {
            let length = number - start + 1;
            if length > MAX_FUNCTION {
                faults.push(format!("{}: {name} has {length} lines", source.path.display()));
            }
            begun = None;
        }
    }
    faults
}

#[test]
fn documents_link_to_what_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in [
        "CONTRIBUTING.md",
        "README.md",
        "docs/ARCHITECTURE.md",
        "docs/authors.md",
        "docs/decisions.md",
        "docs/features.md",
        "docs/functions.md",
        "docs/operations.md",
        "docs/policies.md",
        "docs/publishing.md",
        "docs/registrations.md",
        "docs/security-findings.md",
        "docs/security.md",
        "docs/stack.md",
        "docs/testing.md",
        "host/README.md",
        "infra/README.md",
    ] {
        let path = root.join(document);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{document} is missing"));
        for piece in text.split("](").skip(1) {
            let target = piece.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let file = path.parent().expect("a folder").join(target);
            assert!(file.exists(), "{document} links to {target}");
        }
    }
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("docs/security.md")).expect("a document");
    let (_, threats) = document.split_once("\n## Threats\n").expect("the threats");
    let tests: String =
        sources(&["tests/it", "tests/e2e", "runtime/src", "runtime/tests", "infra/tests"])
            .into_iter()
            .map(|source| source.text)
            .collect();
    let rows =
        threats.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack"));
    let mut named = 0;
    for row in rows {
        let shown = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let mut shows = 0;
        for name in shown.split('`').skip(1).step_by(2) {
            if name.contains('/') {
                assert!(root.join(name).exists(), "{name} is not there");
            } else {
                assert!(tests.contains(&format!("fn {name}(")), "there is no test {name}");
            }
            shows += 1;
        }
        assert!(shows > 0, "nothing shows this: {row}");
        named += shows;
    }
    assert!(named > 30, "{named}");
}
