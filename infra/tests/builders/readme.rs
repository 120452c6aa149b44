//! The README's example is the one that is compiled and pinned.

use std::path::Path;

/// Between `<!-- NAME -->` and the next `<!-- end -->`, a block of code.
fn with_block(text: &str, name: &str, language: &str, code: &str) -> String {
    let begin = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&begin).expect("a place for the block");
    let (_, after) = rest.split_once("<!-- end -->").expect("its end");
    format!("{before}{begin}```{language}\n{}\n```\n<!-- end -->{after}", code.trim_end())
}

#[test]
fn shows_the_example_and_its_template() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join("README.md");
    let readme = std::fs::read_to_string(&path).expect("a README");
    let example =
        std::fs::read_to_string(folder.join("examples/thumbnails.rs")).expect("an example");
    let yaml = crate::thumbnails::template().expect("a template").to_yaml().expect("YAML");
    let expected = with_block(&readme, "examples/thumbnails.rs", "rust", &example);
    let expected = with_block(&expected, "its template", "yaml", &yaml);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &expected).expect("the README is written");
        return;
    }
    assert!(readme == expected, "`just update` writes the README's example again");
}
