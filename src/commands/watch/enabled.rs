//! What a deployed gateway writes and counts, as CloudWatch has it.
//!
//! Three requests of two services, without their SDKs: that of CloudWatch brings a second version
//! of `http`, an encoding and compression for what is not needed here.

mod line;
mod logs;
mod metrics;
mod site;

pub(crate) use self::logs::run as logs;
pub(crate) use self::metrics::run as metrics;
