//! Deploying and publishing, against an emulated AWS.
