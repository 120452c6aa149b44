use mcp_lambda_sdk::prelude::*;

#[derive(serde::Serialize)]
struct Place(String);

/// Says where it is.
#[tool]
async fn find() -> Result<Place, ToolError> {
    Ok(Place("here".to_owned()))
}

fn main() {}
