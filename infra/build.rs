//! Makes typed builders of `spec/schemas.json`: a module for each service, a builder for each resource.

#[path = "build/docs.rs"]
mod docs;
#[path = "build/model.rs"]
mod model;
#[path = "build/names.rs"]
mod names;
#[path = "build/render.rs"]
mod render;
#[path = "build/schema.rs"]
mod schema;
#[path = "build/tables.rs"]
mod tables;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

const SCHEMAS: &str = "spec/schemas.json";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={SCHEMAS}");
    let schemas = schema::read(&fs::read_to_string(SCHEMAS)?)?;
    let services = model::build(&schemas)?;
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(folder.join("aws.rs"), render::rust(&services))?;
    fs::write(folder.join("tables.rs"), tables::rust(&schemas))?;
    Ok(())
}
