//! Servers made with the SDK, as processes: the examples, judged from outside by raw messages, by
//! the official clients and by the conformance suite.

mod arguments;
mod ask;
mod buckets;
mod conformance;
mod examples;
mod http;
mod lambda;
mod sessions;
mod stdio;
mod support;
