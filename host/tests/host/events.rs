//! Asynchronous invocations.

use std::time::Duration;

use bytes::Bytes;
use lambda_host::{HostOptions, Invocation, InvokeError, limits};
use serde_json::json;

use crate::support::{Gate, Probe, bootstrap_probe, payload};

fn limited(event_patience: Duration) -> Probe {
    let mut raw = bootstrap_probe(&[]);
    raw.concurrency = Some(1);
    Probe::with(raw, HostOptions { event_patience, ..HostOptions::default() })
}

fn waiting(gate: &Gate) -> Invocation {
    let event = json!({ "do": "wait", "gate": gate.address() });
    Invocation { payload: payload(&event), ..Invocation::default() }
}

#[tokio::test]
async fn an_event_waits_for_its_turn() {
    let probe = limited(limits::EVENT_PATIENCE);
    let gate = Gate::new().await;
    let first = probe.host.enqueue(&probe.name, waiting(&gate)).expect("a place");
    let mut visitor = gate.knock().await;
    let second = probe.host.enqueue(&probe.name, waiting(&gate)).expect("a place");
    assert_ne!(first, second);
    visitor.pass().await;
    gate.knock().await.pass().await;
}

#[tokio::test]
async fn an_event_that_finds_no_room_in_time_is_given_up() {
    let probe = limited(Duration::from_millis(60));
    let gate = Gate::new().await;
    probe.host.enqueue(&probe.name, waiting(&gate)).expect("a place");
    let _visitor = gate.knock().await;
    let id = probe.host.enqueue(&probe.name, waiting(&gate)).expect("a place");
    let line = probe.log.wait_for("asynchronous invocation failed: rate exceeded").await;
    assert_eq!(line.request_id, Some(id));
}

#[tokio::test]
async fn a_failed_event_is_in_the_log() {
    let probe = Probe::new();
    let event = payload(&json!({ "do": "error" }));
    let invocation = Invocation { payload: event, ..Invocation::default() };
    probe.host.enqueue(&probe.name, invocation).expect("a place");
    probe.log.wait_for("asynchronous invocation failed: it went wrong").await;
}

#[tokio::test]
async fn events_are_bounded_in_size_and_number() {
    let probe = limited(limits::EVENT_PATIENCE);
    let gate = Gate::new().await;
    let sized = |size: usize| Invocation {
        payload: Bytes::from(vec![b' '; size]),
        ..Invocation::default()
    };
    let refused = probe.host.enqueue(&probe.name, sized(limits::MAX_EVENT_PAYLOAD_BYTES + 1));
    assert!(matches!(refused, Err(InvokeError::PayloadTooLarge { .. })), "{refused:?}");
    for _ in 0..limits::MAX_QUEUED_EVENTS {
        probe.host.enqueue(&probe.name, waiting(&gate)).expect("a place");
    }
    let refused = probe.host.enqueue(&probe.name, waiting(&gate));
    assert!(matches!(refused, Err(InvokeError::Throttled)), "{refused:?}");
    probe.host.shutdown().await;
    let refused = probe.host.enqueue(&probe.name, waiting(&gate));
    assert!(matches!(refused, Err(InvokeError::ShutDown)), "{refused:?}");
}

#[tokio::test]
async fn the_largest_event_is_accepted() {
    let probe = Probe::new();
    let gate = Gate::new().await;
    let mut event = payload(&json!({ "do": "wait", "gate": gate.address() })).to_vec();
    event.resize(limits::MAX_EVENT_PAYLOAD_BYTES, b' ');
    let invocation = Invocation { payload: event.into(), ..Invocation::default() };
    probe.host.enqueue(&probe.name, invocation).expect("a place");
    gate.knock().await.pass().await;
}
