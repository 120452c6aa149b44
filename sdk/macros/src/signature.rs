//! What the function takes, with every reason why it may not be as it is.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, GenericArgument, Ident, ItemFn, LitStr, Pat, PatType, PathArguments, Safety,
    Type,
};

use crate::docs::{self, Docs};

/// A function that may become something.
pub(crate) struct Signature {
    /// Without the attributes that are ours.
    pub(crate) function: ItemFn,
    /// For the model.
    pub(crate) description: String,
    pub(crate) arguments: Vec<Argument>,
    /// In the order of the function's parameters.
    inputs: Vec<Input>,
}

enum Input {
    Context,
    /// The argument of this number.
    Argument(usize),
}

/// An argument that clients send.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) kind: Type,
    pub(crate) description: Option<String>,
    /// For the derive macros: `#[serde(..)]` and `#[schemars(..)]`.
    pub(crate) attributes: Vec<Attribute>,
    /// Fixed completions: `#[complete("a", "b")]`.
    pub(crate) completions: Vec<LitStr>,
}

impl Argument {
    /// As clients write it.
    pub(crate) fn wire_name(&self) -> String {
        let text = self.name.to_string();
        text.strip_prefix("r#").unwrap_or(&text).to_owned()
    }

    /// What is inside of an `Option`.
    pub(crate) fn optional(&self) -> Option<&Type> {
        inside(&self.kind, "Option")
    }
}

/// The first type argument of a type whose last segment has a name.
pub(crate) fn inside<'a>(kind: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| {
        if let GenericArgument::Type(kind) = argument { Some(kind) } else { None }
    })
}

/// Collects faults, so that all are told at once.
#[derive(Default)]
struct Faults(Option<syn::Error>);

impl Faults {
    fn note(&mut self, at: impl Spanned, why: impl std::fmt::Display) {
        self.add(syn::Error::new(at.span(), why));
    }

    fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }
}

impl Signature {
    /// Reads the function below the attribute; `what` is what it shall become.
    pub(crate) fn parse(item: TokenStream, what: &str) -> syn::Result<Self> {
        let mut function: ItemFn = syn::parse2(item.clone()).map_err(|_| {
            syn::Error::new(item.span(), format!("#[{what}] stands before an async fn"))
        })?;
        let mut faults = Faults::default();
        check_form(&function, what, &mut faults);
        let docs = Docs::parse(&docs::text_of(&function.attrs).unwrap_or_default());
        if docs.text.is_empty() {
            let why = format!("describe the {what} in a doc comment: models choose by it");
            faults.note(&function.sig.ident, why);
        }
        let (mut arguments, mut inputs) = (Vec::new(), Vec::new());
        for input in &mut function.sig.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    let why =
                        format!("a {what} is a free function: take {CONTEXT} instead of self");
                    faults.note(&*receiver, why);
                }
                FnArg::Typed(typed) if is_context(&typed.ty) => {
                    if inputs.iter().any(|input| matches!(input, Input::Context)) {
                        faults.note(&*typed, "one context is enough: remove this one");
                    }
                    inputs.push(Input::Context);
                }
                FnArg::Typed(typed) => match argument(typed, &docs) {
                    Ok(found) => {
                        inputs.push(Input::Argument(arguments.len()));
                        arguments.push(found);
                    }
                    Err(error) => faults.add(error),
                },
            }
        }
        let strange = docs.arguments.keys().find(|name| {
            !arguments.iter().any(|argument: &Argument| argument.wire_name() == **name)
        });
        if let (Some(name), None) = (strange, &faults.0) {
            let why = format!("the doc comment describes {name}, which is not an argument");
            faults.note(&function.sig.ident, why);
        }
        match faults.0 {
            Some(error) => Err(error),
            None => Ok(Self { function, description: docs.text, arguments, inputs }),
        }
    }

    /// The struct that stands for the function, with the function as its `call`, and a function of
    /// the same name that makes one.
    pub(crate) fn item(&self) -> TokenStream {
        let ItemFn { attrs, vis, sig, block, .. } = &self.function;
        let name = &sig.ident;
        let mut call = sig.clone();
        call.ident = Ident::new("call", name.span());
        let docs: Vec<&Attribute> =
            attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
        quote! {
            #(#docs)*
            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy, Debug)]
            // With braces, so that variables may have its name.
            #vis struct #name {}

            #(#docs)*
            #vis fn #name() -> #name {
                #name {}
            }

            impl #name {
                #(#attrs)*
                #vis #call #block
            }
        }
    }

    /// A call of the function, with the context and the arguments in variables of their names.
    pub(crate) fn call(&self) -> TokenStream {
        let name = &self.function.sig.ident;
        let inputs = self.inputs.iter().map(|input| match input {
            Input::Context => quote!(__context),
            Input::Argument(index) => self.arguments[*index].name.to_token_stream(),
        });
        quote!(#name::call(#(#inputs),*))
    }
}

/// How the context is taken.
const CONTEXT: &str = "a parameter `context: &Context`";

fn check_form(function: &ItemFn, what: &str, faults: &mut Faults) {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        faults.note(signature.fn_token, format!("a {what} is async: write `async fn`"));
    }
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        let why = format!("a {what} has no generic parameters: clients cannot choose types");
        faults.note(&signature.generics, why);
    }
    let unsafety = match &signature.safety {
        Safety::Unsafe(token) => Some(token.span()),
        Safety::Safe(_) | Safety::Default => None,
    };
    for (token, word) in [
        (signature.constness.map(|token| token.span()), "const"),
        (unsafety, "unsafe"),
        (signature.abi.as_ref().map(Spanned::span), "extern"),
        (signature.variadic.as_ref().map(Spanned::span), "variadic"),
    ] {
        if let Some(span) = token {
            faults.add(syn::Error::new(span, format!("a {what} is not {word}")));
        }
    }
}

/// Whether a type is `&Context`, by whatever path.
fn is_context(kind: &Type) -> bool {
    let Type::Reference(reference) = kind else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    reference.mutability.is_none()
        && path.path.segments.last().is_some_and(|last| last.ident == "Context")
}

fn simple_name(pattern: &Pat) -> Option<Ident> {
    let Pat::Ident(name) = pattern else { return None };
    (name.by_ref.is_none() && name.subpat.is_none()).then(|| name.ident.clone())
}

/// Refuses types of which no client could send a value.
fn check_type(kind: &Type) -> syn::Result<()> {
    if let Type::Reference(reference) = kind {
        let why = format!(
            "an argument owns its value: take a String for &str, a Vec for a slice; \
             the context is {CONTEXT}"
        );
        return Err(syn::Error::new(reference.span(), why));
    }
    if let Type::ImplTrait(hidden) = kind {
        let why = "an argument has a type of its own: clients cannot choose types";
        return Err(syn::Error::new(hidden.span(), why));
    }
    if let Type::Path(path) = kind
        && path.path.is_ident("Context")
    {
        return Err(syn::Error::new(path.span(), format!("the context is {CONTEXT}")));
    }
    Ok(())
}

/// Reads an argument and takes our attributes away from it.
fn argument(typed: &mut PatType, docs: &Docs) -> syn::Result<Argument> {
    let Some(name) = simple_name(&typed.pat) else {
        let why = "name this argument: clients send arguments by their names";
        return Err(syn::Error::new(typed.pat.span(), why));
    };
    check_type(&typed.ty)?;
    let own = docs::text_of(&typed.attrs);
    let wire = name.to_string();
    let listed = docs.arguments.get(wire.strip_prefix("r#").unwrap_or(&wire));
    let mut completions = Vec::new();
    let mut attributes = Vec::new();
    let mut left = Vec::new();
    for attribute in std::mem::take(&mut typed.attrs) {
        let path = attribute.path();
        if path.is_ident("serde") || path.is_ident("schemars") {
            attributes.push(attribute);
        } else if path.is_ident("complete") {
            let values = syn::punctuated::Punctuated::<LitStr, syn::Token![,]>::parse_terminated;
            completions.extend(attribute.parse_args_with(values)?);
        } else if !path.is_ident("doc") {
            left.push(attribute);
        }
    }
    typed.attrs = left;
    let description = own.or_else(|| listed.cloned());
    Ok(Argument { name, kind: (*typed.ty).clone(), description, attributes, completions })
}
