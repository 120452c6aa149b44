//! The program itself: processes behind a local Lambda and its Function URLs, with DynamoDB in
//! this process, tools behind an Invoke API, and queues where an emulated AWS is installed.

mod admin;
mod doors;
mod sse;
mod starts;
mod streams;
mod world;
