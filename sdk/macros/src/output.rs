//! What a tool returns, as far as its words tell.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Type};

use crate::signature::inside;

/// What a function returns.
pub(crate) struct Output {
    shape: Shape,
    /// Where it is in a `Result`: the place of that.
    fallible: Option<Span>,
}

enum Shape {
    Nothing,
    Text,
    Blocks,
    /// Whatever its type's own conversion makes of it.
    Typed(Box<Type>),
}

impl Output {
    pub(crate) fn parse(output: &ReturnType) -> syn::Result<Self> {
        let ReturnType::Type(_, kind) = output else {
            return Ok(Self { shape: Shape::Nothing, fallible: None });
        };
        let is_result = matches!(&**kind, Type::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "Result"));
        if !is_result {
            return Ok(Self { shape: Shape::of(kind)?, fallible: None });
        }
        let Some(inner) = inside(kind, "Result") else {
            let why = "write the result's type: Result<T, ToolError>";
            return Err(syn::Error::new(kind.span(), why));
        };
        Ok(Self { shape: Shape::of(inner)?, fallible: Some(kind.span()) })
    }

    /// The output schema, as an expression.
    pub(crate) fn schema(&self) -> TokenStream {
        match &self.shape {
            Shape::Typed(kind) => {
                quote_spanned!(kind.span()=> <#kind as __private::ToolResult>::schema())
            }
            Shape::Nothing | Shape::Text | Shape::Blocks => quote!(::core::option::Option::None),
        }
    }

    /// What becomes of the value of an expression: the reply.
    pub(crate) fn convert(&self, value: &TokenStream) -> TokenStream {
        let good = match &self.shape {
            Shape::Nothing => quote!({
                let () = __value;
                __private::Reply::new()
            }),
            Shape::Text => quote!(__private::Reply::new().text(__value)),
            Shape::Blocks => quote!(__private::Reply::new().blocks(__value)),
            Shape::Typed(kind) => {
                quote_spanned!(kind.span()=> <#kind as __private::ToolResult>::into_reply(__value))
            }
        };
        let Some(span) = self.fallible else {
            return quote!({ let __value = #value; #good });
        };
        let bad = quote_spanned!(span=> __private::Reply::error(__error));
        quote! {
            match #value {
                ::core::result::Result::Ok(__value) => #good,
                ::core::result::Result::Err(__error) => #bad,
            }
        }
    }
}

impl Shape {
    fn of(kind: &Type) -> syn::Result<Self> {
        if let Type::Tuple(tuple) = kind
            && tuple.elems.is_empty()
        {
            return Ok(Self::Nothing);
        }
        if let Type::ImplTrait(hidden) = kind {
            let why = "name the result's type: its schema is told to clients";
            return Err(syn::Error::new(hidden.span(), why));
        }
        if let Type::Reference(reference) = kind
            && is(&reference.elem, "str")
        {
            return Ok(Self::Text);
        }
        if is(kind, "String") {
            return Ok(Self::Text);
        }
        if inside(kind, "Vec").is_some_and(|element| is(element, "Content")) {
            return Ok(Self::Blocks);
        }
        Ok(Self::Typed(Box::new(kind.clone())))
    }
}

/// Whether a type's last segment has a name.
fn is(kind: &Type, name: &str) -> bool {
    matches!(kind, Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == name))
}
