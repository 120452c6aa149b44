//! One thing goes wrong, at every call of a port in turn.

use super::world::{Change, Fault, Meets, World};

/// More calls than any change makes.
const MANY: usize = 100;

/// Every change with a fault at every call of a port; what becomes of it is checked.
async fn at_every_call(meets: Meets, check: impl AsyncFn(&str, &World, &Fault)) {
    for change in Change::ALL {
        let mut at = 0;
        loop {
            let world = World::new();
            change.prepare(&world).await;
            let before = world.rows().await;
            let fault = Fault::new(at, meets);
            let admin = world.admin_with(&fault);
            let what = format!("{change:?}, call {at} {meets:?}");
            let done = tokio::select! {
                done = change.run(&admin) => Some(done),
                () = fault.stopped() => None,
            };
            if !fault.happened() {
                done.expect("nothing stops it").expect("nothing is wrong");
                assert!(at > 0, "{change:?} calls no port");
                world.check(&what).await;
                break;
            }
            let after = world.rows().await;
            if let Some(Ok(())) = done {
                assert_ne!(after, before, "{what}: it was done");
            }
            if let (Some(Err(error)), Meets::Fails) = (&done, meets) {
                assert_eq!(after, before, "{what}: what is refused changes nothing: {error}");
            }
            check(&what, &world, &fault).await;
            world.recover().await;
            world.check(&what).await;
            assert_eq!(world.rows().await, after, "{what}: rows are nobody's to undo");
            at += 1;
            assert!(at < MANY, "{change:?} never ends");
        }
    }
}

#[tokio::test]
async fn a_call_that_fails() {
    at_every_call(Meets::Fails, async |what, world, fault| {
        let (names, [wanted, granted]) = (fault.names(), world.rights().await);
        // Only what could not be settled, or not be forgotten, is left to be settled later.
        if wanted != granted {
            assert!(!world.intents().await.is_empty(), "{what}: {names:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_whose_answer_is_lost() {
    at_every_call(Meets::Loses, async |what, world, fault| {
        let (names, [wanted, granted]) = (fault.names(), world.rights().await);
        if wanted != granted {
            assert!(!world.intents().await.is_empty(), "{what}: {names:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_process_ends_before_a_call() {
    at_every_call(Meets::StopsBefore, async |what, world, _| {
        let [wanted, granted] = world.rights().await;
        assert!(wanted == granted || !world.intents().await.is_empty(), "{what}");
    })
    .await;
}

#[tokio::test]
async fn the_process_ends_after_a_call() {
    at_every_call(Meets::StopsAfter, async |what, world, _| {
        let [wanted, granted] = world.rights().await;
        assert!(wanted == granted || !world.intents().await.is_empty(), "{what}");
    })
    .await;
}

/// What a change costs: these calls, in this order.
#[tokio::test]
async fn calls_of_ports() {
    let calls = async |change: Change| {
        let world = World::new();
        change.prepare(&world).await;
        let fault = Fault::none();
        change.run(&world.admin_with(&fault)).await.expect("done");
        world.check(&format!("{change:?}")).await;
        fault.names().join(" ")
    };
    assert_eq!(calls(Change::Create).await, "until record grant create load granted forget");
    assert_eq!(
        calls(Change::Import).await,
        "until room record grant grant grant create load load load granted forget"
    );
    assert_eq!(
        calls(Change::Move).await,
        "until load record grant replace load load granted revoke load forget"
    );
    assert_eq!(calls(Change::Keep).await, "until load replace", "no permission is touched");
    assert_eq!(calls(Change::Remove).await, "until load record remove load revoke load forget");
}
