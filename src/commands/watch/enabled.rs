//! What a deployed gateway writes and counts, as CloudWatch has it.
//!
//! Three requests to two services, without their SDKs: that of CloudWatch brings a second version
//! of `http`, an encoding and compression for what is not needed here.

mod events;
mod line;
mod logs;
mod metrics;
mod site;
mod tools;

pub(crate) use self::logs::run as logs;
pub(crate) use self::metrics::run as metrics;
