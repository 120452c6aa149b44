//! What tools, resources and prompts say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

/// A content block (server/tools, "Tool Result").
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Content {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Its bytes.
        #[serde(serialize_with = "base64")]
        data: Vec<u8>,
        /// Its media type.
        mime_type: String,
    },
    /// A sound.
    Audio {
        /// Its bytes.
        #[serde(serialize_with = "base64")]
        data: Vec<u8>,
        /// Its media type.
        mime_type: String,
    },
    /// A resource that can be read.
    ResourceLink {
        /// Its URI.
        uri: String,
        /// Its name.
        name: String,
    },
    /// A resource with its contents.
    Resource {
        /// The contents.
        resource: ResourceContents,
    },
}

impl Content {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text { text }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Image> for Content {
    fn from(image: Image) -> Self {
        Self::Image { data: image.data, mime_type: image.mime }
    }
}

impl From<Audio> for Content {
    fn from(audio: Audio) -> Self {
        Self::Audio { data: audio.data, mime_type: audio.mime }
    }
}

impl From<ResourceContents> for Content {
    fn from(resource: ResourceContents) -> Self {
        Self::Resource { resource }
    }
}

/// A picture, as a result by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Its bytes.
    pub data: Vec<u8>,
    /// Its media type, such as `image/png`.
    pub mime: String,
}

impl Image {
    /// A picture of a media type.
    pub fn new(data: impl Into<Vec<u8>>, mime: impl Into<String>) -> Self {
        Self { data: data.into(), mime: mime.into() }
    }
}

/// A sound, as a result by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Its bytes.
    pub data: Vec<u8>,
    /// Its media type, such as `audio/wav`.
    pub mime: String,
}

impl Audio {
    /// A sound of a media type.
    pub fn new(data: impl Into<Vec<u8>>, mime: impl Into<String>) -> Self {
        Self { data: data.into(), mime: mime.into() }
    }
}

/// The contents of one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceContents {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(flatten)]
    data: Data,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Data {
    Text(String),
    #[serde(serialize_with = "base64")]
    Blob(Vec<u8>),
}

impl ResourceContents {
    /// A text.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(uri.into(), None, Data::Text(text.into()))
    }

    /// Bytes.
    pub fn blob(uri: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(uri.into(), None, Data::Blob(bytes.into()))
    }

    /// Sets the media type.
    pub fn mime_type(self, mime_type: impl Into<String>) -> Self {
        Self { mime_type: Some(mime_type.into()), ..self }
    }

    pub(crate) fn new(uri: String, mime_type: Option<String>, data: Data) -> Self {
        Self { uri, mime_type, data }
    }
}

/// Who says a prompt's message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// A message of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Content,
}

impl Message {
    /// What the user says.
    pub fn user(content: impl Into<Content>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model says.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

fn base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_on_the_wire() {
        for (content, expected) in [
            (Content::text("a"), r#"{"type":"text","text":"a"}"#),
            (
                Image::new([1, 2], "image/png").into(),
                r#"{"type":"image","data":"AQI=","mimeType":"image/png"}"#,
            ),
            (
                Audio::new([1], "audio/wav").into(),
                r#"{"type":"audio","data":"AQ==","mimeType":"audio/wav"}"#,
            ),
            (
                Content::ResourceLink { uri: "a:b".to_owned(), name: "n".to_owned() },
                r#"{"type":"resource_link","uri":"a:b","name":"n"}"#,
            ),
            (
                ResourceContents::text("a:b", "t").mime_type("text/plain").into(),
                r#"{"type":"resource","resource":{"uri":"a:b","mimeType":"text/plain","text":"t"}}"#,
            ),
            (
                ResourceContents::blob("a:b", [1, 2]).into(),
                r#"{"type":"resource","resource":{"uri":"a:b","blob":"AQI="}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&content).expect("JSON"), expected);
        }
    }
}
