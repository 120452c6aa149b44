//! The macros of `mcp-lambda-sdk`: an async function becomes a tool, a resource or a prompt.
//!
//! Each replaces the function by a struct of its name, with the function itself as the struct's
//! `call`, and by a function that makes one, which a server takes. The SDK's own documentation tells
//! how they are used.

mod docs;
mod options;
mod output;
mod prompt;
mod resource;
mod signature;
mod template;
mod tool;

use proc_macro::TokenStream;

/// Makes an async function a tool.
///
/// Options: `name = "..."` (the function's name), `title = "..."`, `timeout = SECONDS` (30), and the
/// hints `read_only`, `destructive`, `idempotent` and `open_world`, each alone or `= false`.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(tool::expand(options.into(), item.into()))
}

/// Makes an async function a resource.
///
/// Options: `uri = "..."`, which is a URI or a template of RFC 6570, whose variables are the
/// function's arguments; `name = "..."` (the function's name), `title = "..."`,
/// `mime_type = "..."`, `timeout = SECONDS` (30).
#[proc_macro_attribute]
pub fn resource(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(resource::expand(options.into(), item.into()))
}

/// Makes an async function a prompt.
///
/// Options: `name = "..."` (the function's name), `title = "..."`, `timeout = SECONDS` (30).
#[proc_macro_attribute]
pub fn prompt(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(prompt::expand(options.into(), item.into()))
}

fn expand(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
