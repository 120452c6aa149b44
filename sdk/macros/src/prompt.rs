//! `#[prompt]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::options::{Options, option, optional_text, text};
use crate::signature::{Argument, Signature};

const OPTIONS: [&str; 3] = ["name", "title", "timeout"];

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let options = Options::parse(options, &OPTIONS)?;
    let signature = Signature::parse(item, "prompt")?;
    let name = &signature.function.sig.ident;
    let (own, call) = (signature.item(), signature.call());
    let wire = options.name_or(name);
    let description = text(&signature.description);
    let (title, timeout) =
        (optional_text(options.title.as_ref()), option(options.timeout.as_ref()));
    let listed = signature.arguments.iter().map(listed);
    let read = signature.arguments.iter().map(read);
    let syn::ReturnType::Type(_, kind) = &signature.function.sig.output else {
        let why = "a prompt returns a String, a Message, a Vec<Message>, or a Result of these";
        return Err(syn::Error::new(name.span(), why));
    };
    let span = kind.span();
    let answer = quote_spanned!(span=> <#kind as __private::PromptResult>::into_messages(__value));
    Ok(quote! {
        #own

        #[allow(non_snake_case, unused_qualifications)]
        const _: () = {
            use ::mcp_lambda_sdk::__private;

            impl __private::Prompt for #name {
                fn definition(&self) -> __private::PromptDefinition {
                    __private::PromptDefinition {
                        name: #wire.into(),
                        title: #title,
                        description: #description.into(),
                        timeout_seconds: #timeout,
                        arguments: ::std::vec![#(#listed),*],
                    }
                }

                fn get<'a>(
                    &'a self,
                    __context: &'a __private::Context,
                    __request: &'a __private::PromptRequest,
                ) -> __private::Working<'a, ::core::result::Result<
                    ::std::vec::Vec<__private::Message>, __private::ToolError,
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

fn listed(argument: &Argument) -> TokenStream {
    let (name, values) = (argument.wire_name(), &argument.completions);
    let required = argument.optional().is_none();
    let description = optional_text(argument.description.as_ref());
    quote! {
        __private::PromptArgument {
            name: #name.into(),
            description: #description,
            required: #required,
            completions: ::std::vec![#(#values.into()),*],
        }
    }
}

fn read(argument: &Argument) -> TokenStream {
    let (name, wire) = (&argument.name, argument.wire_name());
    let span = argument.kind.span();
    let read = match argument.optional() {
        Some(kind) => {
            quote_spanned!(span=> __private::optional::<#kind>(__request.argument(#wire)))
        }
        None => {
            let kind = &argument.kind;
            quote_spanned!(span=> __private::required::<#kind>(__request.argument(#wire)))
        }
    };
    quote! {
        let #name = match #read {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(why) => {
                return ::core::result::Result::Err(__private::bad_argument(#wire, &why));
            }
        };
    }
}
