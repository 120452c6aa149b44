# The recipes are listed by `just`.

# Arguments reach commands as they were typed, with spaces and all.
set positional-arguments

# List the recipes
default:
    @{{ just_executable() }} --list

# Serve the example functions on this machine
run *arguments:
    cargo run -- serve "$@"

# Run all tests; needs Python 3.11 or later and npm
test *arguments:
    cargo test --locked "$@"

# Run the tests that need nothing but Rust
quick *arguments:
    MCP_LAMBDA_TEST=quick cargo test --locked "$@"

# Format the code
fmt:
    cargo fmt --all

# Look for mistakes
lint:
    cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

# Measure, beside another server
bench *arguments="all":
    cargo run --release --locked -p mcp-lambda-bench -- "$@"

# Run the MCP project's conformance suites and print what they say
conformance:
    cargo test --locked -p mcp-lambda --test e2e conformance

# Write the template of the stack, a picture of it, or a policy
synth *arguments:
    cargo run --locked -- synth "$@"

# Build the functions' program and upload it
package *arguments:
    cargo run --locked --features deploy -- package "$@"

# Deploy the gateway to AWS
deploy *arguments:
    cargo run --locked --features deploy -- deploy "$@"

# Show what deploying would change
diff *arguments:
    cargo run --locked --features deploy -- diff "$@"

# Show what a deployed stack says of itself
outputs *arguments:
    cargo run --locked --features deploy -- outputs "$@"

# Show what a deployed stack's functions write
logs *arguments:
    cargo run --locked --features deploy -- logs {{ arguments }}

# Show what a deployed stack counts
metrics *arguments:
    cargo run --locked --features deploy -- metrics {{ arguments }}

# Take a deployed stack away
destroy *arguments:
    cargo run --locked --features deploy -- destroy "$@"

# Publish in the AWS Serverless Application Repository
publish *arguments:
    cargo run --locked --features deploy -- publish "$@"

# Make the resource schemas of the builders again, from AWS's newest
schemas:
    infra/spec/refresh.sh

# Rewrite the golden files; read the difference before you commit it
update:
    WIRE=update INSTA_UPDATE=always cargo test --locked

# Run what continuous integration runs
ci:
    .ci/run
