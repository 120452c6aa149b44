# The recipes are listed by `just`.

# List the recipes
default:
    @{{ just_executable() }} --list

# Serve the example functions on this machine
run *arguments:
    cargo run -- serve {{ arguments }}

# Run all tests; needs Python 3.11 or later and npm
test *arguments:
    cargo test --locked {{ arguments }}

# Run the tests that need nothing but Rust
quick *arguments:
    MCP_LAMBDA_TEST=quick cargo test --locked {{ arguments }}

# Format the code
fmt:
    cargo fmt --all

# Look for mistakes
lint:
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

# Measure, beside another server
bench *arguments="all":
    cargo run --release --locked -p mcp-lambda-bench -- {{ arguments }}

# Run the MCP project's conformance suites and print what they say
conformance:
    cargo test --locked -p mcp-lambda --test e2e conformance

# Rewrite the golden files; read the difference before you commit it
update:
    WIRE=update INSTA_UPDATE=always cargo test --locked

# Run what continuous integration runs
ci:
    .ci/run
