//! Resources: fixed ones, and families by URI template.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;

use crate::content::{Data, ResourceContents};
use crate::context::Context;
use crate::error::ToolError;
use crate::tool::Working;

/// A resource. `#[resource]` makes one of an async function.
pub trait Resource: Send + Sync + 'static {
    /// What clients are told about it.
    fn definition(&self) -> ResourceDefinition;

    /// Reads it.
    fn read<'a>(
        &'a self,
        context: &'a Context,
        request: &'a ResourceRequest,
    ) -> Working<'a, Result<Contents, ToolError>>;
}

/// What clients are told about a resource.
#[derive(Clone, Debug)]
pub struct ResourceDefinition {
    /// A URI, or a URI template of RFC 6570.
    pub uri: String,
    /// 1 to 64 letters, digits and `_`, `-`, `.`.
    pub name: String,
    /// For people.
    pub title: Option<String>,
    /// For models.
    pub description: String,
    /// The media type of what it contains.
    pub mime_type: Option<String>,
    /// How long reading may take; 30 seconds if nothing is said, 900 at most.
    pub timeout_seconds: Option<u64>,
    /// Fixed completions by variable.
    pub completions: Vec<(String, Vec<String>)>,
}

/// Which resource is read.
#[derive(Clone, Debug)]
pub struct ResourceRequest {
    pub(crate) uri: String,
    pub(crate) variables: BTreeMap<String, String>,
}

impl ResourceRequest {
    /// The whole URI.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// A variable of the template, decoded.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

/// What was read: nothing means that there is no such resource.
#[derive(Clone, Debug, Default)]
pub struct Contents(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    /// Of the URI that was asked for.
    Own(Data),
    /// Of whatever URI it names.
    Whole(ResourceContents),
    /// JSON, of the URI that was asked for.
    Json(String),
}

impl Contents {
    /// There is no such resource.
    pub fn none() -> Self {
        Self::default()
    }

    /// The contents with their URI and, unless they name one, the media type of the definition.
    pub(crate) fn render(self, uri: &str, mime_type: Option<&str>) -> Vec<ResourceContents> {
        let own = |data, or: Option<&str>| {
            ResourceContents::new(uri.to_owned(), mime_type.or(or).map(str::to_owned), data)
        };
        let piece = |piece| match piece {
            Piece::Own(data) => own(data, None),
            Piece::Whole(contents) => contents,
            Piece::Json(text) => own(Data::Text(text), Some("application/json")),
        };
        self.0.into_iter().map(piece).collect()
    }
}

/// Makes JSON of a value, for a resource that is neither text nor bytes.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// What a resource may return.
#[diagnostic::on_unimplemented(
    message = "a resource cannot return `{Self}`",
    label = "not a resource's contents",
    note = "return `String`, `Vec<u8>`, `Json<T>`, `ResourceContents` or `Vec<ResourceContents>`; \
            in an `Option` if there may be none, in a `Result` if it may fail"
)]
pub trait ResourceResult {
    /// The contents.
    fn into_contents(self) -> Result<Contents, ToolError>;
}

impl ResourceResult for String {
    fn into_contents(self) -> Result<Contents, ToolError> {
        Ok(Contents(vec![Piece::Own(Data::Text(self))]))
    }
}

impl ResourceResult for &str {
    fn into_contents(self) -> Result<Contents, ToolError> {
        self.to_owned().into_contents()
    }
}

impl ResourceResult for Vec<u8> {
    fn into_contents(self) -> Result<Contents, ToolError> {
        Ok(Contents(vec![Piece::Own(Data::Blob(self))]))
    }
}

impl<T: Serialize> ResourceResult for Json<T> {
    fn into_contents(self) -> Result<Contents, ToolError> {
        let text = serde_json::to_string(&self.0)?;
        Ok(Contents(vec![Piece::Json(text)]))
    }
}

impl ResourceResult for ResourceContents {
    fn into_contents(self) -> Result<Contents, ToolError> {
        Ok(Contents(vec![Piece::Whole(self)]))
    }
}

impl ResourceResult for Vec<ResourceContents> {
    fn into_contents(self) -> Result<Contents, ToolError> {
        Ok(Contents(self.into_iter().map(Piece::Whole).collect()))
    }
}

impl<T: ResourceResult> ResourceResult for Option<T> {
    fn into_contents(self) -> Result<Contents, ToolError> {
        self.map_or_else(|| Ok(Contents::none()), T::into_contents)
    }
}

impl<T: ResourceResult, E: Display> ResourceResult for Result<T, E> {
    fn into_contents(self) -> Result<Contents, ToolError> {
        self.map_err(|error| ToolError::new(error.to_string()))?.into_contents()
    }
}

/// An argument that comes as a text: a variable of a URI, or an argument of a prompt.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a text",
    label = "not an argument of a resource or a prompt",
    note = "these arguments are texts: take a `String`, a number, a `bool` or what else implements \
            `std::str::FromStr`, or an `Option` of it"
)]
pub trait TextArgument: Sized {
    /// Reads it; an error says what is wrong with it.
    fn read(text: &str) -> Result<Self, String>;
}

impl<T: FromStr> TextArgument for T
where
    T::Err: Display,
{
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }
}

/// Reads a value that must be there.
pub fn required<T: TextArgument>(text: Option<&str>) -> Result<T, String> {
    T::read(text.ok_or_else(|| "is missing".to_owned())?)
}

/// Reads a value that need not be there.
pub fn optional<T: TextArgument>(text: Option<&str>) -> Result<Option<T>, String> {
    text.map(T::read).transpose()
}
