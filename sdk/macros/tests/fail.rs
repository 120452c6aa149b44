//! Functions that are no tools, and what the compiler says about them.
//!
//! `TRYBUILD=overwrite cargo test -p mcp-lambda-macros --test fail` writes what it says now.

#[test]
fn wrong_signatures_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
