//! All functions of the deployed gateway, chosen by `_HANDLER`.

fn main() {}
