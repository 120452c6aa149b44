//! The weather, from whatever service answers in the form of Open-Meteo.
//!
//! `WEATHER_URL` names another one.

#[path = "support/web.rs"]
mod web;

use mcp_lambda_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A service that takes no key.
const SERVICE: &str = "https://api.open-meteo.com/v1/forecast";

/// The weather at a place.
#[derive(Debug, Serialize, JsonSchema)]
struct Weather {
    /// In degrees Celsius.
    temperature_celsius: f64,
    /// In kilometres an hour.
    wind_speed_kmh: Option<f64>,
    /// When it was measured, in UTC.
    observed_at: Option<String>,
}

/// Tells the weather that there is now at a place.
#[tool(read_only, open_world, timeout = 10)]
async fn weather(
    context: &Context,
    /** Degrees north of the equator. */
    #[schemars(range(min = -90, max = 90))]
    latitude: f64,
    /** Degrees east of Greenwich. */
    #[schemars(range(min = -180, max = 180))]
    longitude: f64,
) -> Result<Weather, ToolError> {
    let service = web::variable("WEATHER_URL", SERVICE);
    let place = format!("latitude={latitude}&longitude={longitude}");
    let url = format!("{service}?{place}&current=temperature_2m,wind_speed_10m");
    let answer = web::json(context, url, Vec::new(), None).await?;
    read(&answer["current"])
        .ok_or_else(|| ToolError::new("the weather service gave no temperature; try again later"))
}

fn read(current: &Value) -> Option<Weather> {
    Some(Weather {
        temperature_celsius: current["temperature_2m"].as_f64()?,
        wind_speed_kmh: current["wind_speed_10m"].as_f64(),
        observed_at: current["time"].as_str().map(str::to_owned),
    })
}

fn main() -> ExitCode {
    Server::new("weather", env!("CARGO_PKG_VERSION")).tool(weather).serve()
}
