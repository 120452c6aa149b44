//! What stands in an attribute's parentheses.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{LitBool, LitInt, LitStr, Token};

/// The longest time limit in seconds: Lambda's own.
const MAX_TIMEOUT: u64 = 900;

/// The options of all three macros.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) timeout: Option<LitInt>,
    pub(crate) uri: Option<LitStr>,
    pub(crate) mime_type: Option<LitStr>,
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
}

impl Options {
    /// Reads options, of which only those that are `known` may be given.
    pub(crate) fn parse(tokens: TokenStream, known: &[&str]) -> syn::Result<Self> {
        let mut options = Self::default();
        let parser = syn::meta::parser(|meta| {
            let found = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if known.contains(&found.as_str()) {
                options.take(&found, &meta)
            } else {
                Err(meta.error(format!("the options are {}", known.join(", "))))
            }
        });
        parser.parse2(tokens)?;
        options.check()?;
        Ok(options)
    }

    fn take(&mut self, name: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        match name {
            "name" => self.name = Some(meta.value()?.parse()?),
            "title" => self.title = Some(meta.value()?.parse()?),
            "timeout" => self.timeout = Some(meta.value()?.parse()?),
            "uri" => self.uri = Some(meta.value()?.parse()?),
            "mime_type" => self.mime_type = Some(meta.value()?.parse()?),
            "read_only" => self.read_only = Some(flag(meta)?),
            "destructive" => self.destructive = Some(flag(meta)?),
            "idempotent" => self.idempotent = Some(flag(meta)?),
            _ => self.open_world = Some(flag(meta)?),
        }
        Ok(())
    }

    fn check(&self) -> syn::Result<()> {
        if let Some(timeout) = &self.timeout
            && !timeout.base10_parse().is_ok_and(|seconds| (1..=MAX_TIMEOUT).contains(&seconds))
        {
            let why = format!("a timeout is 1 to {MAX_TIMEOUT} seconds");
            return Err(syn::Error::new(timeout.span(), why));
        }
        let Some(name) = &self.name else { return Ok(()) };
        let text = name.value();
        let fits = (1..=64).contains(&text.len());
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if fits && text.chars().all(known) {
            return Ok(());
        }
        Err(syn::Error::new(name.span(), "a name is 1 to 64 letters, digits and _ - ."))
    }

    /// The name as a string, where none is given that of the function.
    pub(crate) fn name_or(&self, function: &syn::Ident) -> LitStr {
        let own = function.to_string();
        let own = own.strip_prefix("r#").unwrap_or(&own);
        self.name.clone().unwrap_or_else(|| LitStr::new(own, function.span()))
    }
}

fn flag(meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
    if meta.input.peek(Token![=]) { Ok(meta.value()?.parse::<LitBool>()?.value) } else { Ok(true) }
}

/// An `Option` as an expression.
pub(crate) fn option(value: Option<impl quote::ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// An `Option<String>` as an expression.
pub(crate) fn optional_text(value: Option<&(impl quote::ToTokens + ?Sized)>) -> TokenStream {
    option(value.map(|value| quote!(::std::string::String::from(#value))))
}

/// A text literal.
pub(crate) fn text(value: &str) -> LitStr {
    LitStr::new(value, Span::call_site())
}
