//! `#[resource]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::options::{Options, option, optional_text, text};
use crate::signature::{Argument, Signature};
use crate::template::variables;

const OPTIONS: [&str; 5] = ["uri", "name", "title", "mime_type", "timeout"];

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let options = Options::parse(options, &OPTIONS)?;
    let signature = Signature::parse(item, "resource")?;
    let name = &signature.function.sig.ident;
    let Some(uri) = &options.uri else {
        let why = r#"give the resource's URI: #[resource(uri = "notes://{id}")]"#;
        return Err(syn::Error::new(name.span(), why));
    };
    check_variables(uri, &signature.arguments)?;
    let (own, call) = (signature.item(), signature.call());
    let wire = options.name_or(name);
    let description = text(&signature.description);
    let (title, timeout) =
        (optional_text(options.title.as_ref()), option(options.timeout.as_ref()));
    let mime_type = optional_text(options.mime_type.as_ref());
    let completions = completions(&signature.arguments);
    let read = signature.arguments.iter().map(variable);
    let kind = match &signature.function.sig.output {
        syn::ReturnType::Type(_, kind) => quote!(#kind),
        syn::ReturnType::Default => quote!(()),
    };
    let span = kind.span();
    let answer =
        quote_spanned!(span=> <#kind as __private::ResourceResult>::into_contents(__value));
    Ok(quote! {
        #own

        #[allow(non_snake_case, unused_qualifications)]
        const _: () = {
            use ::mcp_lambda_sdk::__private;

            impl __private::Resource for #name {
                fn definition(&self) -> __private::ResourceDefinition {
                    __private::ResourceDefinition {
                        uri: #uri.into(),
                        name: #wire.into(),
                        title: #title,
                        description: #description.into(),
                        mime_type: #mime_type,
                        timeout_seconds: #timeout,
                        completions: #completions,
                    }
                }

                fn read<'a>(
                    &'a self,
                    __context: &'a __private::Context,
                    __request: &'a __private::ResourceRequest,
                ) -> __private::Working<'a, ::core::result::Result<
                    __private::Contents, __private::ToolError,
                >> {
                    ::std::boxed::Box::pin(async move {
                        #(#read)*
                        let __value = #call.await;
                        #answer
                    })
                }
            }
        };
    })
}

/// A value of the URI; one that cannot be read names nothing.
fn variable(argument: &Argument) -> TokenStream {
    let (name, wire) = (&argument.name, argument.wire_name());
    let span = argument.kind.span();
    let read = match argument.optional() {
        Some(kind) => {
            quote_spanned!(span=> __private::optional::<#kind>(__request.variable(#wire)))
        }
        None => {
            let kind = &argument.kind;
            quote_spanned!(span=> __private::required::<#kind>(__request.variable(#wire)))
        }
    };
    quote! {
        let ::core::result::Result::Ok(#name) = #read else {
            return ::core::result::Result::Ok(__private::Contents::none());
        };
    }
}

/// Pairs of an argument and its fixed completions.
pub(crate) fn completions(arguments: &[Argument]) -> TokenStream {
    let some = arguments.iter().filter(|argument| !argument.completions.is_empty());
    let pairs = some.map(|argument| {
        let (name, values) = (argument.wire_name(), &argument.completions);
        quote!((#name.into(), ::std::vec![#(#values.into()),*]))
    });
    quote!(::std::vec![#(#pairs),*])
}

fn check_variables(uri: &syn::LitStr, arguments: &[Argument]) -> syn::Result<()> {
    let text = uri.value();
    let Some(found) = variables(&text) else {
        return Err(syn::Error::new(uri.span(), "a brace is not closed, or not opened"));
    };
    for argument in arguments {
        if !found.contains(&argument.wire_name()) {
            let why = format!("the URI has no variable {{{}}}", argument.wire_name());
            return Err(syn::Error::new(argument.name.span(), why));
        }
    }
    let left = found.iter().find(|name| !arguments.iter().any(|one| one.wire_name() == **name));
    match left {
        Some(name) => {
            let why = format!("take the variable as an argument: `{name}: String`");
            Err(syn::Error::new(uri.span(), why))
        }
        None => Ok(()),
    }
}
