//! Gates that a tool stands before until the test lets it through: no test needs to guess how long
//! anything takes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Response;
use tokio::sync::watch;

use super::listener::{bind, full, serve};

#[derive(Clone, Copy, Debug, Default)]
struct Gate {
    arrived: usize,
    open: bool,
}

/// A server whose answers to `/NAME` are held back until that gate is opened.
pub(crate) struct Gates {
    address: SocketAddr,
    all: Arc<watch::Sender<BTreeMap<String, Gate>>>,
}

impl Gates {
    pub(crate) async fn start() -> Self {
        let all = Arc::new(watch::Sender::<BTreeMap<String, Gate>>::default());
        let seen = all.clone();
        let address = serve(bind().await, move |request| {
            let (name, all) = (request.uri().path()[1..].to_owned(), seen.clone());
            async move {
                all.send_modify(|all| all.entry(name.clone()).or_default().arrived += 1);
                let mut gates = all.subscribe();
                let _ = gates.wait_for(|all| all[&name].open).await;
                Response::new(full("open"))
            }
        });
        Self { address, all }
    }

    /// What tools are told, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Opens a gate for good.
    pub(crate) fn open(&self, name: &str) {
        self.all.send_modify(|all| all.entry(name.to_owned()).or_default().open = true);
    }

    /// How often somebody came to a gate.
    pub(crate) fn arrived(&self, name: &str) -> usize {
        self.all.borrow().get(name).map_or(0, |gate| gate.arrived)
    }
}
