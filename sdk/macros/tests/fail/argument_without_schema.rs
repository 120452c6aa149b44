use mcp_lambda_sdk::prelude::*;

#[derive(serde::Deserialize)]
struct Place(String);

/// Says where it is.
#[tool]
async fn find(place: Place) -> String {
    place.0
}

fn main() {}
