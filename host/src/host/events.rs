//! Asynchronous invocations: accepted now, run when there is room.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::{Instant, sleep};

use super::{Core, new_request_id, prepare};
use crate::invocation::{Invocation, InvokeError};
use crate::limits;
use crate::log::LogLine;
use crate::name::FunctionName;

/// Accepts an invocation to be run later.
pub(super) fn enqueue(
    core: &Arc<Core>,
    name: &FunctionName,
    invocation: Invocation,
) -> Result<String, InvokeError> {
    core.function(name)?;
    prepare::check_size(&invocation.payload, limits::MAX_EVENT_PAYLOAD_BYTES)?;
    let place = Place::take(core)?;
    let request_id = new_request_id();
    core.spawn(run(place, name.clone(), request_id.clone(), invocation))?;
    Ok(request_id)
}

async fn run(place: Place, name: FunctionName, request_id: String, invocation: Invocation) {
    let core = &place.0;
    let until = Instant::now() + core.options.event_patience;
    let mut stopping = core.stopping.subscribe();
    let failure = loop {
        match core.invoke(&name, request_id.clone(), invocation.clone()).await {
            Ok(mut response) => {
                while response.body.next().await.is_some() {}
                break response.body.function_error().map(|error| error.message());
            }
            Err(InvokeError::Throttled) if Instant::now() < until => {}
            Err(error) => break Some(error.to_string()),
        }
        tokio::select! {
            () = sleep(limits::EVENT_RETRY_PAUSE) => {}
            _ = stopping.changed() => return,
        }
    };
    if let Some(failure) = failure {
        // Nobody waits for the answer: the log is the only place where it can be seen.
        (core.options.log)(LogLine {
            function: name,
            instance: 0,
            request_id: Some(request_id),
            text: format!("asynchronous invocation failed: {failure}"),
        });
    }
}

/// The right to one of the places for events; given back when dropped.
struct Place(Arc<Core>);

impl Place {
    fn take(core: &Arc<Core>) -> Result<Self, InvokeError> {
        let place = Self(Arc::clone(core));
        if core.events.fetch_add(1, Ordering::Relaxed) < limits::MAX_QUEUED_EVENTS {
            Ok(place)
        } else {
            Err(InvokeError::Throttled)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.events.fetch_sub(1, Ordering::Relaxed);
    }
}
