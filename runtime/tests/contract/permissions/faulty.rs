//! Several administrators at the same ids, with faults and crashes by chance.

use std::sync::Arc;
use std::time::Duration;

use mcp_lambda_runtime::admin::{Admin, Import, Precondition};
use mcp_lambda_runtime::gateway::Ports;
use mcp_lambda_runtime::port::Registrations;
use mcp_lambda_runtime::port::faulty::{Faulty, Odds, Plan};
use mcp_lambda_runtime::port::permissions::{Intents, Permissions};
use serde_json::json;

use super::world::{World, admin, function, resource, tool};
use crate::faults::Random;

/// Runs with different faults.
const SEEDS: u64 = 300;
/// Changes of each administrator.
const CHANGES: usize = 12;
const ADMINISTRATORS: u64 = 3;

#[tokio::test(start_paused = true)]
async fn rights_are_as_the_rows_want_them_in_the_end() {
    let (mut done, mut crashed) = (0, 0);
    for seed in 0..SEEDS {
        let world = World::new();
        let fail = u8::try_from(seed % 6 * 6).expect("a percentage");
        let odds = Odds { fail, lose: fail / 2, repeat: 10, delay: 70, longest: SLOWEST };
        let plan = Plan::new(seed, odds);
        let administrators = (0..ADMINISTRATORS).map(|number| {
            let admin = admin(faulty(world.ports(), &plan));
            async move { administrate(&admin, &Random::new(seed * 1_000 + number), seed).await }
        });
        for (good, broken) in futures_util::future::join_all(administrators).await {
            done += good;
            crashed += broken;
        }
        world.recover().await;
        world.check(&format!("seed {seed}")).await;
    }
    assert!(done > 500 && crashed > 500, "{done} changes were done, {crashed} broke off");
}

const SLOWEST: Duration = Duration::from_millis(50);

fn faulty(ports: Ports, plan: &Arc<Plan>) -> Ports {
    let registrations: Arc<dyn Registrations> = ports.registrations.clone();
    let permissions: Arc<dyn Permissions> = ports.permissions.clone();
    let intents: Arc<dyn Intents> = ports.intents.clone();
    Ports {
        registrations: Arc::new(Faulty::new(registrations, plan.clone())),
        permissions: Arc::new(Faulty::new(permissions, plan.clone())),
        intents: Arc::new(Faulty::new(intents, plan.clone())),
        ..ports
    }
}

/// How many changes were done, and how many broke off.
async fn administrate(admin: &Admin, random: &Random, seed: u64) -> (usize, usize) {
    let (mut done, mut crashed) = (0, 0);
    for _ in 0..CHANGES {
        // A process that ends: whatever it waits for never comes back.
        let life = match random.below(3) {
            0 => Duration::from_millis(random.below(200) as u64),
            _ => Duration::from_secs(3_600),
        };
        match tokio::time::timeout(life, change(admin, random, seed)).await {
            Ok(true) => done += 1,
            Ok(false) => {}
            Err(_) => crashed += 1,
        }
    }
    (done, crashed)
}

async fn change(admin: &Admin, random: &Random, seed: u64) -> bool {
    // With one id, everybody is in everybody's way.
    let name = if seed.is_multiple_of(2) { "a" } else { random.pick(&["a", "b.c", "b_c"]) };
    let target = random.pick(&["f", "g", "f:live"]);
    let when = random.pick(&[Precondition::None, Precondition::None, Precondition::Revision(1)]);
    let body = |document: serde_json::Value| document.to_string().into_bytes();
    match random.below(7) {
        0 | 1 => admin.create(&body(tool(name, target))).await.is_ok(),
        2 => {
            let id = format!("tool-{name}");
            admin.replace(&id, &body(tool(name, target)), when).await.is_ok()
        }
        3 => admin.remove(&format!("tool-{name}"), when).await.is_ok(),
        4 => {
            let document = resource(random.pick(&[None, Some("f"), Some("g")]));
            admin.create(&body(document)).await.is_ok()
        }
        5 => {
            let document = resource(random.pick(&[None, Some("f"), Some("g")]));
            admin.replace("resource-r", &body(document), when).await.is_ok()
        }
        _ => {
            let tools = ["a", "d", "e"].map(
                |name| json!({"name": name, "description": "d", "inputSchema": {"type": "object"}}),
            );
            let lambda_arn = function(target).to_string();
            let import = Import { lambda_arn, target: None };
            let imported = admin.import(&body(json!(tools)), &import).await.is_ok();
            // So that it can be imported again.
            for name in ["d", "e"] {
                let _ = admin.remove(&format!("tool-{name}"), Precondition::None).await;
            }
            imported
        }
    }
}
