//! Packaging, deploying and publishing: what is typed becomes calls of the library, and what these
//! say becomes text.

mod failure;
mod material;
mod packages;
mod screen;
mod stacks;
mod style;
mod words;

pub(crate) use self::packages::{package, publish};
pub(crate) use self::stacks::{deploy, destroy, diff, outputs};
