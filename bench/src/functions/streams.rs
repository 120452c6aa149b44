//! Streamed answers: how long their pieces are on the way.

use super::event::{Response, event};
use super::instance::{Instance, Launch};
use super::results::{Quantiles, Spread, Stream, histogram, record};
use super::runtime_api::Exchanged;
use super::{Effort, world};
use crate::endpoint::invoke::{REPORTS, SENT};
use crate::failure::Failure;
use crate::loopback;
use crate::moment::Moment;
use crate::request::{Case, Era, Exchange};

/// Measures fresh processes.
pub(super) async fn measure(launch: &Launch, era: Era, effort: Effort) -> Result<Stream, Failure> {
    let event = event(&Exchange::streamed(era, world::STREAMING_TOOL), loopback::PATH);
    let (mut first, mut warm, mut delay) = (Vec::new(), Vec::new(), histogram());
    for _ in 0..effort.processes {
        let mut instance = Instance::start(launch, None).await?;
        for number in 0..effort.streams {
            let exchanged = instance.exchange(&event).await?;
            let response = Response::read(&exchanged, launch.name)?;
            response.check(launch.name, "a streamed call", Case::Call.marker())?;
            let reports = reports(&exchanged);
            if reports.len() != REPORTS as usize {
                return Err(Failure::answer(launch.name, "a streamed call", &exchanged.body()));
            }
            for (sent, arrived) in reports {
                record(&mut delay, arrived.since(sent));
            }
            let first_byte = exchanged.first_byte();
            if number == 0 { first.push(first_byte) } else { warm.push(first_byte) }
        }
        instance.end().await?;
    }
    Ok(Stream {
        era,
        processes: effort.processes,
        first_byte_ms: Spread::of_millis(first),
        warm_first_byte_ms: Spread::of_millis(warm),
        delay: Quantiles::of(&delay),
    })
}

/// When each report was sent, by its own words, and when it was there. A report that is cut by the
/// end of a piece is there with the next one.
fn reports(exchanged: &Exchanged) -> Vec<(Moment, Moment)> {
    let mut reports = Vec::new();
    let mut text = String::new();
    for (arrived, piece) in &exchanged.received.pieces {
        text.push_str(&String::from_utf8_lossy(piece));
        while let Some((_, rest)) = text.split_once(SENT) {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits == rest.len() {
                break;
            }
            if let Ok(nanos) = rest[..digits].parse() {
                reports.push((Moment(nanos), *arrived));
            }
            text = rest[digits..].to_owned();
        }
    }
    reports
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::functions::runtime_api::Received;

    #[test]
    fn reports_in_pieces() {
        let piece =
            |(at, text): (u64, &'static str)| (Moment(at), Bytes::from_static(text.as_bytes()));
        let pieces =
            [(5, "x sent at 3\""), (9, "sent at 7\" sent at 8"), (12, "1\" sent"), (99, " at 90 ")];
        let received =
            Received { streamed: true, pieces: pieces.map(piece).into(), end: Moment(99) };
        let exchanged = Exchanged { delivered: Moment(1), received };
        let reports: Vec<_> = reports(&exchanged).iter().map(|(a, b)| (a.0, b.0)).collect();
        assert_eq!(reports, [(3, 5), (7, 9), (81, 12), (90, 99)]);
        assert_eq!(exchanged.first_byte().as_nanos(), 4);
        assert_eq!(exchanged.took().as_nanos(), 98);
    }
}
