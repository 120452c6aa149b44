//! Bounds of registrations, with their reasons.

use std::time::Duration;

/// Bytes of one document. A DynamoDB item holds 400 KB.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Bytes of one JSON Schema.
pub const MAX_SCHEMA_BYTES: usize = 64 * 1024;
/// Nesting of a schema; compilation recurses.
pub const MAX_SCHEMA_DEPTH: usize = 32;
/// Values in a schema, subschemas and keywords alike.
pub const MAX_SCHEMA_VALUES: usize = 4_000;
/// Bytes of a description; models read it on every turn.
pub const MAX_DESCRIPTION_BYTES: usize = 8 * 1024;
/// Bytes of a title.
pub const MAX_TITLE_BYTES: usize = 256;
/// Bytes of a Lambda ARN (the bound of a Bedrock AgentCore target).
pub const MAX_ARN_BYTES: usize = 170;
/// Arguments of a prompt.
pub const MAX_PROMPT_ARGUMENTS: usize = 64;
/// Fixed completion values of one variable.
pub const MAX_COMPLETIONS: usize = 1_000;
/// Documents in one import. A DynamoDB transaction has 100 items, one is the catalog's version.
pub const MAX_IMPORT: usize = 99;
/// The time limit of a call where the document names none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest time limit: Lambda's own.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(900);
/// Tags of one registration.
pub const MAX_TAGS: usize = 50;
/// Bytes of a tag: as many as AWS takes for a tag's key.
pub const MAX_TAG_BYTES: usize = 128;
/// Repetitions of a call.
pub const MAX_RETRIES: u8 = 5;
