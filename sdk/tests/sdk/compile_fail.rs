//! Functions that are no tools, and what the compiler says about them.

#[test]
fn wrong_signatures_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
