//! Which processor the servers get, and which the clients.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::failure::Failure;

/// A processor for servers and another for clients, so that neither takes time from the other.
///
/// A process inherits the processors of the thread that starts it.
#[derive(Clone, Copy, Debug)]
pub struct Processors {
    servers: CpuSet,
    clients: CpuSet,
}

impl Processors {
    /// The first two that this process may use; an error where there is only one.
    pub fn find() -> Result<Self, Failure> {
        let all = sched_getaffinity(None);
        let all = all.map_err(|error| Failure::system("asking for processors")(error.into()))?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number));
        match (usable.next(), usable.next()) {
            (Some(servers), Some(clients)) => {
                Ok(Self { servers: only(servers), clients: only(clients) })
            }
            _ => Err(Failure::Start("clients beside servers, which takes two processors".into())),
        }
    }

    /// What this thread starts from now on is a server.
    pub fn start_servers(&self) -> Result<(), Failure> {
        enter(&self.servers)
    }

    /// This thread plays clients from now on.
    pub fn be_clients(&self) -> Result<(), Failure> {
        enter(&self.clients)
    }
}

fn only(number: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(number);
    set
}

fn enter(set: &CpuSet) -> Result<(), Failure> {
    let entered = sched_setaffinity(None, set);
    entered.map_err(|error| Failure::system("choosing a processor")(error.into()))
}
