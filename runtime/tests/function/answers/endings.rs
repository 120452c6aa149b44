//! What happens as the end of an invocation comes near. Time is paused: it passes when all wait.

use std::future::poll_fn;

use mcp_lambda_runtime::function::MARGIN;
use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_answered_before_the_end() {
    let world = World::new(Setting::default()).await;
    let started = Instant::now();
    let (status, body) = world.whole(&request("POST", "/mcp", &call("slow"))).await;
    assert!(started.elapsed() >= TIMEOUT - MARGIN, "{:?}", started.elapsed());
    assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
    assert_eq!(status, 200);
    assert!(body.contains("no answer") || body.contains("try again"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_call_is_kept_alive_and_ends_with_an_answer() {
    let world = World::new(streaming()).await;
    let started = Instant::now();
    let mut body = streamed(world.invoke(&request("POST", "/mcp", &call("slow"))).await);
    let mut all = Vec::new();
    while let Some(piece) = poll_fn(|context| body.poll_piece(context)).await {
        all.push((started.elapsed(), String::from_utf8_lossy(&piece).into_owned()));
    }
    assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
    assert!(all.iter().any(|(_, text)| text.starts_with(": keepalive")), "{all:?}");
    let (_, last) = all.last().expect("pieces");
    assert!(last.starts_with("event: message\ndata: {"), "{last}");
    assert!(last.contains(r#""id":7"#), "{last}");
}

#[tokio::test(start_paused = true)]
async fn an_sse_stream_is_kept_alive_and_ends_in_good_order() {
    let world = World::new(streaming()).await;
    let started = Instant::now();
    let mut body = streamed(world.invoke(&request("GET", "/sse", &Value::Null)).await);
    let mut all = String::new();
    while let Some(piece) = poll_fn(|context| body.poll_piece(context)).await {
        all.push_str(&String::from_utf8_lossy(&piece));
    }
    let (least, most) = (TIMEOUT - MARGIN, TIMEOUT);
    assert!((least..most).contains(&started.elapsed()), "{:?}", started.elapsed());
    assert!(all.contains("event: endpoint\ndata: /message?sessionId="), "{all}");
    assert!(all.contains(": keepalive\n\n"), "{all}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_collected_ends_as_well() {
    let setting = Setting { direct_invoke: true, ..Setting::default() };
    let world = World::new(setting).await;
    let started = Instant::now();
    let answer = json_of(world.invoke(&call("slow")).await);
    assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
    assert_eq!(answer["id"], 7, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn the_margin_of_short_invocations_is_half_of_them() {
    let world = World::new(Setting::default()).await;
    for (millis, least) in [(0, 0), (1, 0), (400, 200), (1_000, 500), (1_001, 501)] {
        let started = Instant::now();
        let payload = request("POST", "/mcp", &call("slow")).to_string().into();
        let deadline = NOW.after(Duration::from_millis(millis));
        let answer = Event { id: ID.to_owned(), deadline, payload, trace: None };
        let answer = json_of(world.function.answer(answer).await);
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(least), "{millis}: {took:?}");
        // One tick of tokio's timer.
        assert!(took <= Duration::from_millis(millis + 2), "{millis}: {took:?}");
        assert!([200, 503].map(Value::from).contains(&answer["statusCode"]), "{answer}");
    }
}
