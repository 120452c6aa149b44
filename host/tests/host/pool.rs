//! How instances start, are shared out, and end.

use std::time::Duration;

use lambda_host::{HostOptions, Invocation, InvokeError};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Gate, PATIENCE, Probe, Visitor, bootstrap_probe, collect, exists, payload};

fn limited(concurrency: i64, options: HostOptions) -> Probe {
    let mut raw = bootstrap_probe(&[]);
    raw.concurrency = Some(concurrency);
    Probe::with(raw, options)
}

/// Starts an invocation that waits at a gate, and waits until it does.
async fn wait_at(probe: &Probe, gate: &Gate, under_way: &mut JoinSet<Value>) -> Visitor {
    let (host, name) = (probe.host.clone(), probe.name.clone());
    let event = payload(&json!({ "do": "wait", "gate": gate.address() }));
    under_way.spawn(async move {
        let invocation = Invocation { payload: event, ..Invocation::default() };
        let response = host.invoke(&name, invocation).await.expect("an answer");
        let (bytes, error) = collect(response).await;
        match error {
            None => serde_json::from_slice(&bytes).expect("JSON"),
            Some(error) => Value::String(error.message()),
        }
    });
    gate.knock().await
}

async fn finish(under_way: &mut JoinSet<Value>) -> Value {
    under_way.join_next().await.expect("a task").expect("no panic")
}

#[tokio::test]
async fn an_instance_is_used_again() {
    let probe = limited(1, HostOptions::default());
    assert_eq!(probe.host.instances(&probe.name), 0);
    let gate = Gate::new().await;
    let mut under_way = JoinSet::new();
    let mut processes = Vec::new();
    for _ in 0..3 {
        wait_at(&probe, &gate, &mut under_way).await.pass().await;
        processes.push(finish(&mut under_way).await);
    }
    assert!(processes.iter().all(|process| *process == processes[0]), "{processes:?}");
    assert_eq!(probe.host.instances(&probe.name), 1);
}

#[tokio::test]
async fn invocations_in_quick_succession_share_an_instance() {
    let probe = limited(1, HostOptions::default());
    for number in 0..200 {
        let event = json!({ "do": "echo", "number": number });
        assert_eq!(probe.value(event.clone()).await, event);
    }
}

#[tokio::test]
async fn every_invocation_under_way_has_its_own_instance_up_to_the_limit() {
    let probe = limited(2, HostOptions::default());
    let gate = Gate::new().await;
    let mut under_way = JoinSet::new();
    let mut first = wait_at(&probe, &gate, &mut under_way).await;
    let mut second = wait_at(&probe, &gate, &mut under_way).await;
    assert_eq!(probe.host.instances(&probe.name), 2);
    let throttled = probe.try_invoke(json!({ "do": "echo" })).await;
    assert!(matches!(throttled, Err(InvokeError::Throttled)), "{throttled:?}");

    first.pass().await;
    let one = finish(&mut under_way).await;
    second.pass().await;
    let two = finish(&mut under_way).await;
    assert_ne!(one, two);

    // The one that was used last comes first.
    wait_at(&probe, &gate, &mut under_way).await.pass().await;
    assert_eq!(finish(&mut under_way).await, two);
}

#[tokio::test]
async fn an_instance_that_times_out_is_killed() {
    let mut raw = bootstrap_probe(&[]);
    raw.concurrency = Some(1);
    raw.timeout = Some(0.5);
    let probe = Probe::with(raw, HostOptions::default());
    let gate = Gate::new().await;
    let mut under_way = JoinSet::new();
    let visitor = wait_at(&probe, &gate, &mut under_way).await;
    let message = finish(&mut under_way).await;
    let message = message.as_str().expect("an error");
    assert!(message.ends_with(" Error: Task timed out after 0.50 seconds"), "{message}");
    assert_eq!(probe.host.instances(&probe.name), 0);
    visitor.gone().await;
    assert_eq!(probe.log.texts(), [message]);
    assert_eq!(probe.value(json!({ "do": "echo" })).await, json!({ "do": "echo" }));
}

#[tokio::test]
async fn an_invocation_can_shorten_the_timeout_only() {
    let mut raw = bootstrap_probe(&[]);
    raw.timeout = Some(0.3);
    let probe = Probe::with(raw, HostOptions::default());
    let gate = Gate::new().await;
    let event = json!({ "do": "wait", "gate": gate.address() });
    for (timeout, seconds) in [(Duration::from_millis(150), "0.15"), (PATIENCE, "0.30")] {
        let timeout = Some(timeout);
        let invocation = Invocation { payload: payload(&event), timeout, ..Invocation::default() };
        let response = probe.invoke_with(invocation).await.expect("an answer");
        let id = response.request_id.clone();
        let (_, error) = collect(response).await;
        let expected = format!("RequestId: {id} Error: Task timed out after {seconds} seconds");
        assert_eq!(error.expect("an error").message(), expected);
    }
}

#[tokio::test]
async fn what_a_function_has_started_ends_with_it() {
    let probe = Probe::new();
    let gate = Gate::new().await;
    let event = json!({ "do": "family", "gate": gate.address() });
    let parent = probe.value(event).await;
    let child = gate.knock().await;
    assert!(exists(&parent));
    probe.host.shutdown().await;
    child.gone().await;
    assert!(!exists(&parent), "a zombie is left");
}

#[tokio::test]
async fn what_a_function_has_left_behind_ends_with_it() {
    let probe = Probe::new();
    let gate = Gate::new().await;
    probe.value(json!({ "do": "family", "gate": gate.address() })).await;
    let child = gate.knock().await;
    probe.failure(json!({ "do": "exit", "status": 3 })).await;
    child.gone().await;
}

#[tokio::test]
async fn a_process_that_never_asks_for_work_is_killed() {
    let options =
        HostOptions { init_timeout: Duration::from_millis(200), ..HostOptions::default() };
    let mut raw = bootstrap_probe(&["never"]);
    raw.concurrency = Some(1);
    let probe = Probe::with(raw, options);
    for _ in 0..2 {
        let (id, error) = probe.failure(json!({})).await;
        let message = format!("RequestId: {id} Error: Initialization timed out after 0.20 seconds");
        let expected = json!({ "errorType": "Sandbox.Timedout", "errorMessage": message });
        assert_eq!(error, expected);
        assert_eq!(probe.host.instances(&probe.name), 0);
    }
}

#[tokio::test]
async fn idle_instances_are_ended() {
    let idle_lifetime = Duration::from_millis(100);
    let probe = limited(1, HostOptions { idle_lifetime, ..HostOptions::default() });
    let gate = Gate::new().await;
    let mut under_way = JoinSet::new();
    let mut visitor = wait_at(&probe, &gate, &mut under_way).await;
    visitor.pass().await;
    let process = finish(&mut under_way).await;
    visitor.gone().await;
    // The connection ends with the process, its place is given back right after.
    while probe.host.instances(&probe.name) > 0 {
        tokio::task::yield_now().await;
    }
    assert!(!exists(&process), "a zombie is left");
    wait_at(&probe, &gate, &mut under_way).await.pass().await;
    assert_ne!(finish(&mut under_way).await, process);
}

#[tokio::test]
async fn shutdown_ends_what_is_under_way() {
    let probe = limited(2, HostOptions::default());
    let gate = Gate::new().await;
    let process = {
        let mut under_way = JoinSet::new();
        wait_at(&probe, &gate, &mut under_way).await.pass().await;
        finish(&mut under_way).await
    };
    let (host, name) = (probe.host.clone(), probe.name.clone());
    let event = payload(&json!({ "do": "wait", "gate": gate.address() }));
    let invoked = tokio::spawn(async move {
        host.invoke(&name, Invocation { payload: event, ..Invocation::default() }).await
    });
    let visitor = gate.knock().await;
    probe.host.shutdown().await;
    assert_eq!(probe.host.instances(&probe.name), 0);
    assert!(!exists(&process), "a zombie is left");
    visitor.gone().await;
    let ended = invoked.await.expect("no panic");
    assert!(matches!(ended, Err(InvokeError::ShutDown)), "{ended:?}");
    let refused = probe.try_invoke(json!({ "do": "echo" })).await;
    assert!(matches!(refused, Err(InvokeError::ShutDown)), "{refused:?}");
    probe.host.shutdown().await;
}

#[tokio::test]
async fn dropping_the_host_ends_its_processes() {
    let probe = Probe::new();
    let gate = Gate::new().await;
    probe.value(json!({ "do": "family", "gate": gate.address() })).await;
    let child = gate.knock().await;
    drop(probe);
    child.gone().await;
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_stop_the_function() {
    let probe = limited(1, HostOptions::default());
    let gate = Gate::new().await;
    let mut under_way = JoinSet::new();
    let mut visitor = wait_at(&probe, &gate, &mut under_way).await;
    under_way.shutdown().await;
    let throttled = probe.try_invoke(json!({ "do": "echo" })).await;
    assert!(matches!(throttled, Err(InvokeError::Throttled)), "{throttled:?}");
    visitor.pass().await;
    while matches!(probe.try_invoke(json!({ "do": "echo" })).await, Err(InvokeError::Throttled)) {
        tokio::task::yield_now().await;
    }
    assert_eq!(probe.host.instances(&probe.name), 1);
}
