//! A tool that asks the user before it does something, and one that tells how far it is.

use std::time::Duration;

use mcp_lambda_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

/// What the user is asked.
#[derive(Debug, Deserialize, JsonSchema)]
struct Details {
    /// On whose name
    name: String,
    /// Where to sit
    place: Option<Place>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// By the window
    Window,
    /// In the garden
    Garden,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Confirmation {
    /// Book it?
    confirm: bool,
}

/// Books a table, after asking the user for details.
#[tool(destructive = false)]
async fn book_table(
    context: &Context,
    /** How many people. */
    #[schemars(range(min = 1, max = 20))]
    people: u8,
) -> Result<String, ToolError> {
    // The function begins anew with each answer; what is done once keeps its result.
    let number = context.once("number", async { number_of(context) }).await?;
    let Elicited::Accepted(details) =
        context.elicit::<Details>("details", "Who is coming?").await?
    else {
        return Ok("Nothing was booked.".to_owned());
    };
    let place = match details.place {
        None => "",
        Some(Place::Window) => " by the window",
        Some(Place::Garden) => " in the garden",
    };
    let question = format!("A table for {people}{place}?");
    let answer = context.elicit::<Confirmation>("confirmation", &question).await?;
    if answer.accepted().is_some_and(|answer| answer.confirm) {
        Ok(format!("{}, your table{place} for {people} is booked: {number}.", details.name))
    } else {
        Ok("Nothing was booked.".to_owned())
    }
}

/// Stands for whatever must happen once: the number is another in every run.
fn number_of(context: &Context) -> String {
    let id = context.request_id();
    format!("B-{}", &id[..id.len().min(6)])
}

/// Counts down, and tells how far it is.
#[tool(read_only)]
async fn countdown(
    context: &Context,
    /** Where to begin. */
    #[schemars(range(min = 1, max = 100))]
    from: u8,
) -> String {
    for left in (0..from).rev() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let done = f64::from(from - left);
        context.progress(done, Some(from.into()), &format!("{left} left")).await;
    }
    "Lift-off!".to_owned()
}

fn main() -> ExitCode {
    Server::new("booking", env!("CARGO_PKG_VERSION")).tool(book_table).tool(countdown).serve()
}
