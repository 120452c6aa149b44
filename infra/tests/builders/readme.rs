//! The README's example is the one that is compiled and pinned.

use std::path::Path;

/// Between `<!-- NAME -->` and the next `<!-- end -->`, a block of code.
fn with_block(text: &str, name: &str, language: &str, code: &str) -> String {
    let begin = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&begin).expect("a place for the block");
    let (_, after) = rest.split_once("<!-- end -->").expect("its end");
    format!("{before}{begin}```{language}\n{}\n```\n<!-- end -->{after}", code.trim_end())
}

/// Compares a file with what it should be, or writes it if golden files are being written.
fn compare(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, expected).expect("it is written");
        return;
    }
    let found = std::fs::read_to_string(&path).expect("the file");
    assert!(found == expected, "`just update` writes {} again", path.display());
}

#[test]
fn shows_the_example_and_its_template() {
    let read = |path| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).expect("a file")
    };
    let yaml = crate::thumbnails::template().expect("a template").to_yaml().expect("YAML");
    let example = read("examples/thumbnails.rs");
    let expected = with_block(&read("README.md"), "examples/thumbnails.rs", "rust", &example);
    let expected = with_block(&expected, "its template", "yaml", &yaml);
    let deploy = read("examples/deploy.rs");
    let expected = with_block(&expected, "examples/deploy.rs", "rust", &deploy);
    compare("README.md", &expected);
}

#[test]
fn shows_the_example_s_picture() {
    let template = crate::thumbnails::template().expect("a template");
    compare("examples/thumbnails.svg", &mcp_lambda_infra::diagram::svg(&template));
}
