//! `#[tool]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::options::{Options, option, optional_text, text};
use crate::output::Output;
use crate::signature::Signature;

const OPTIONS: [&str; 7] =
    ["name", "title", "timeout", "read_only", "destructive", "idempotent", "open_world"];

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let options = Options::parse(options, &OPTIONS)?;
    let signature = Signature::parse(item, "tool")?;
    let output = Output::parse(&signature.function.sig.output)?;
    if let Some(first) = signature.arguments.iter().find_map(|one| one.completions.first()) {
        let why = "arguments of tools have no completions: MCP completes prompts and resources";
        return Err(syn::Error::new(first.span(), why));
    }
    let (own, call) = (signature.item(), signature.call());
    let name = &signature.function.sig.ident;
    let arguments = arguments(&signature);
    let definition = definition(&options, &signature, &output);
    let reply = output.convert(&quote!(#call.await));
    let fields = signature.arguments.iter().map(|one| &one.name);
    Ok(quote! {
        #own

        #[allow(non_snake_case, unused_qualifications)]
        const _: () = {
            use ::mcp_lambda_sdk::__private;

            #arguments

            impl __private::Tool for #name {
                #definition

                fn call<'a>(
                    &'a self,
                    __context: &'a __private::Context,
                    __arguments: &'a str,
                ) -> __private::Working<'a, __private::Reply> {
                    ::std::boxed::Box::pin(async move {
                        let __Arguments { #(#fields),* } =
                            match __private::read_arguments(__arguments) {
                                ::core::result::Result::Ok(read) => read,
                                ::core::result::Result::Err(reply) => return reply,
                            };
                        #reply
                    })
                }
            }
        };
    })
}

/// The arguments as a struct, which has a schema and is read from JSON.
fn arguments(signature: &Signature) -> TokenStream {
    let declared = signature.arguments.iter().map(|one| {
        let (name, kind, attributes) = (&one.name, &one.kind, &one.attributes);
        let doc = one.description.as_ref().map(|about| quote!(#[doc = #about]));
        quote!(#doc #(#attributes)* #name: #kind)
    });
    quote! {
        #[derive(__private::serde::Deserialize, __private::schemars::JsonSchema)]
        #[serde(crate = "::mcp_lambda_sdk::__private::serde")]
        #[schemars(crate = "::mcp_lambda_sdk::__private::schemars")]
        struct __Arguments { #(#declared),* }
    }
}

fn definition(options: &Options, signature: &Signature, output: &Output) -> TokenStream {
    let wire = options.name_or(&signature.function.sig.ident);
    let description = text(&signature.description);
    let title = optional_text(options.title.as_ref());
    let timeout = option(options.timeout.as_ref());
    let (read_only, destructive) = (option(options.read_only), option(options.destructive));
    let (idempotent, open_world) = (option(options.idempotent), option(options.open_world));
    let schema = output.schema();
    // Before the derive macros have their say, which is less clear.
    let takes = signature.arguments.iter().map(|one| {
        let kind = &one.kind;
        quote_spanned!(kind.span()=> __private::takes::<#kind>();)
    });
    quote! {
        fn definition(&self) -> __private::ToolDefinition {
            #(#takes)*
            __private::ToolDefinition {
                name: #wire.into(),
                title: #title,
                description: #description.into(),
                input: __private::arguments_schema::<__Arguments>(),
                output: #schema,
                timeout_seconds: #timeout,
                hints: __private::Hints {
                    read_only: #read_only,
                    destructive: #destructive,
                    idempotent: #idempotent,
                    open_world: #open_world,
                },
            }
        }
    }
}
