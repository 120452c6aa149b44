//! What documents quote and promise is what the code says and has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("{path} is missing"))
}

/// All sources below a folder, one text.
fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("a folder of sources");
    let mut all = String::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&std::fs::read_to_string(&path).expect("a source"));
        }
    }
    all
}

/// What a section of a document holds, up to the next of its level.
fn section(document: &str, heading: &str) -> String {
    let (_, rest) = document.split_once(&format!("\n## {heading}\n")).expect("the section");
    rest.split("\n## ").next().expect("its text").to_owned()
}

/// The texts between single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// How many characters mean something.
const MEANING: usize = 6;
/// Words in the place of what differs from case to case.
const PLACES: [&str; 4] = ["NAME", "SCOPES", "ID", "N"];

/// The parts of a message that are the same in every case, if they are long enough to mean it.
fn fixed(message: &str) -> Vec<String> {
    let mut parts = Vec::new();
    // What to do is often added to what is wrong, and so is what only the log has.
    for piece in message.split("; ").flat_map(|piece| piece.split(" (")) {
        let mut part = String::new();
        for word in piece.split_inclusive(' ') {
            if PLACES.contains(&word.trim_matches([' ', ':', ')'])) {
                parts.push(std::mem::take(&mut part));
            } else {
                part.push_str(word);
            }
        }
        parts.push(part);
    }
    let parts = parts.iter().map(|part| part.trim().to_owned());
    parts.filter(|part| part.len() >= MEANING).collect()
}

/// Looks for the messages among some text in the code; how many there are.
fn messages(code: &str, seen: &str) -> usize {
    // What has no space is a code, and what begins with a brace is AWS's.
    let said = quoted(seen).filter(|text| text.contains(' ') && !text.starts_with('{'));
    said.map(|message| {
        let parts = fixed(message);
        assert!(!parts.is_empty(), "{message} says nothing");
        for part in parts {
            assert!(code.contains(&part), "nothing says {part:?}, of {message:?}");
        }
    })
    .count()
}

/// Looks for what has the form of a parameter's name among the template's.
fn parameters(template: &str, text: &str) {
    let is_name = |word: &&str| {
        let inner = word.get(1..).unwrap_or_default();
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
            && inner.chars().any(|c| c.is_ascii_lowercase())
            && *word != "EventSource"
    };
    for name in quoted(text).filter(is_name) {
        assert!(template.contains(&format!("\n  {name}:\n")), "the template has no {name}");
    }
}

#[test]
fn troubles_are_told_in_the_words_that_are_seen() {
    let code = sources(&root().join("runtime/src")).replace("\\\"", "\"");
    let template = read("snapshots/template-sam.snap.yaml");
    let troubles = section(&read("docs/operations.md"), "When something does not work");
    let rows = troubles.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut found = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let [seen, why, next] = cells[..] else { panic!("three cells: {row}") };
        found += messages(&code, seen);
        parameters(&template, &format!("{why} {next}"));
    }
    assert!(found >= 20, "{found}");
}

/// The rows' numbers at the beginning of bullets, or in the first column of tables.
fn numbers(text: &str) -> BTreeSet<&str> {
    let is_number = |word: &&str| {
        let digits = word.strip_prefix('A').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_number).collect()
}

const OTHERWISE: &str = "What the origin systems promised and is done otherwise";

#[test]
fn what_is_done_otherwise_has_its_reason_and_the_rows_link_to_it() {
    let link = format!("(decisions.md#{})", OTHERWISE.to_lowercase().replace(' ', "-"));
    let features = read("docs/features.md");
    let rows = features.lines().filter(|line| line.starts_with("| A"));
    let linked = rows.filter(|row| row.contains(&link));
    let linked: BTreeSet<&str> =
        linked.map(|row| row.split(' ').nth(1).expect("a number")).collect();
    let decisions = section(&read("docs/decisions.md"), OTHERWISE);
    let heads = decisions.lines().filter_map(|line| line.strip_prefix("- **"));
    let heads: String =
        heads.filter_map(|rest| rest.split("**").next()).fold(String::new(), |mut all, head| {
            all.push_str(head);
            all.push(' ');
            all
        });
    assert_eq!(linked, numbers(&heads));
    assert!(linked.len() > 15, "{linked:?}");
}

#[test]
fn every_test_of_the_features_exists() {
    let features = read("docs/features.md");
    let mut named = 0;
    for row in features.lines().filter(|line| line.starts_with("| A")) {
        let mut file: Option<String> = None;
        for text in quoted(row) {
            let is_file = text.ends_with(".rs") && text.contains('/');
            if is_file {
                let path = root().join(text);
                file = path.is_file().then(|| std::fs::read_to_string(path).expect("a source"));
                assert!(file.is_some() || text.starts_with("sdk/"), "{text} is not there: {row}");
            } else if let Some(source) = &file {
                let is_test = !text.is_empty()
                    && text
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                    && text.contains('_');
                if is_test {
                    let head = format!("fn {text}(");
                    assert!(source.contains(&head), "there is no {text}, of {row}");
                    named += 1;
                }
            }
        }
    }
    assert!(named > 100, "{named}");
}
