//! The whole gateway in process: HTTP in, HTTP out, over the embedded adapters, with a clock that
//! is set by hand and ids that are counted.

mod admin;
mod architecture;
mod ask;
mod attacks;
mod bounds;
mod documents;
mod doors;
mod failures;
mod fuzz;
mod headers;
mod hidden;
mod limits;
mod modes;
mod servers;
mod sessions;
mod sse;
mod streams;
mod support;
mod wire;
