//! The deployed gateway's function beside other servers as functions, behind a Runtime API that
//! measures.

pub mod doors;
pub mod drawing;
pub mod event;
pub mod floor;
pub mod install;
pub mod instance;
pub mod peers;
pub mod quota;
pub mod results;
pub mod runtime_api;
pub mod sizes;
mod streams;
pub mod tables;
pub mod world;

use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use tempfile::TempDir;

use crate::failure::Failure;
use crate::functions::event::Response;
use crate::functions::instance::{Instance, Launch};
use crate::functions::peers::{Peers, Programs};
use crate::functions::quota::Quota;
use crate::functions::results::{Line, Quantiles, Row, Setting, Size, Spread, Subject};
use crate::functions::world::World;
use crate::loopback;
use crate::request::{Case, Era, Exchange};

/// Requests of a process between its first one and those that are counted.
const WARM_UP: usize = 20;
/// The requests.
pub const REQUESTS: [(Case, Era); 4] = [
    (Case::List, Era::Modern),
    (Case::Call, Era::Modern),
    (Case::List, Era::Legacy),
    (Case::Call, Era::Legacy),
];

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Fresh processes for each request.
    pub processes: usize,
    /// Counted requests of each.
    pub requests: usize,
    /// The same under a quota of processor time.
    pub requests_under_quota: usize,
    /// Streamed answers of each.
    pub streams: usize,
    /// Calls of a bare client.
    pub calls: usize,
}

/// One kind of request to one kind of process, and what was measured so far.
struct Job {
    subject: Subject,
    setting: Setting,
    case: Case,
    era: Era,
    launch: Launch,
    event: Bytes,
    samples: Vec<Sample>,
    warm: Histogram<u64>,
    warm_processor: Duration,
}

/// One process.
struct Sample {
    start: Duration,
    start_processor: Duration,
    first: Duration,
    first_processor: Duration,
    resident: u64,
}

/// Measures everything: requests and sizes.
pub async fn measure(
    programs: &Programs,
    effort: Effort,
    tell: impl Fn(&str),
) -> Result<(Vec<Line>, Vec<Size>), Failure> {
    let folder = TempDir::new().map_err(Failure::system("making a folder"))?;
    tell("installing peers");
    let peers = Peers::prepare(programs, folder.path())?;
    tell("packing");
    let sizes = sizes::measure(programs, &peers, folder.path());
    let mut lines: Vec<Line> =
        peers.left.iter().map(|why| Line::Left { why: why.clone() }).collect();
    let quota = Quota::new();
    if let Err(why) = &quota {
        lines.push(Line::Left { why: format!("Nothing is measured under a quota: {why}.") });
    }
    let quota = quota.ok();
    tell("registering tools");
    let world = World::start(programs.bootstrap.clone(), &programs.endpoint).await?;
    let (mut jobs, left) = jobs(&world, &peers, quota.is_some()).await?;
    lines.extend(left.into_iter().map(|why| Line::Left { why }));
    for round in 1..=effort.processes {
        tell(&format!("functions, process {round} of {}", effort.processes));
        for job in &mut jobs {
            job.run(effort, quota.as_ref()).await?;
        }
    }
    lines.extend(jobs.iter().map(|job| Line::Request(job.row())));
    tell("streams");
    for era in [Era::Modern, Era::Legacy] {
        let launch = world.launch(Setting::Streaming).map_err(Failure::Start)?;
        lines.push(Line::Stream(streams::measure(&launch, era, effort).await?));
    }
    tell("floors");
    let floors = world.floors(effort.calls, effort.processes).await?;
    lines.extend(floors.map(Line::Floor));
    world.end().await?;
    Ok((lines, sizes))
}

/// All jobs in the order in which they take turns, so that what disturbs the machine disturbs all.
async fn jobs(
    world: &World,
    peers: &Peers,
    with_quota: bool,
) -> Result<(Vec<Job>, Vec<String>), Failure> {
    let session = world.session().await?;
    let (mut jobs, mut left) = (Vec::new(), Vec::new());
    for (case, era) in REQUESTS {
        for setting in Setting::ALL {
            // The session is that of a caller who signs.
            let is_his = era == Era::Legacy && setting.has_door();
            if setting.has_quota() && !with_quota || is_his {
                continue;
            }
            match world.launch(setting) {
                Ok(launch) => {
                    let session = (era == Era::Legacy).then_some(session.as_str());
                    let mut job =
                        Job::new(Subject::McpLambda, setting, (case, era), launch, session);
                    if let Some(token) = world.doors().token(setting) {
                        job.event = event::with_token(&job.event, token);
                    }
                    jobs.push(job);
                }
                Err(why) => left.push(format!("A setting is left out: {why}.")),
            }
            if setting != Setting::Buffered && !setting.has_quota() {
                continue;
            }
            for (subject, launch) in &peers.launches {
                let once = *subject != Subject::Echo || case == Case::Call;
                if once && peers::speaks(*subject, era) {
                    jobs.push(Job::new(*subject, setting, (case, era), launch.clone(), None));
                }
            }
        }
    }
    left.dedup();
    Ok((jobs, left))
}

impl Job {
    fn new(
        subject: Subject,
        setting: Setting,
        (case, era): (Case, Era),
        launch: Launch,
        session: Option<&str>,
    ) -> Self {
        let exchange = Exchange::new(case, era, loopback::TOOLS / 2, session);
        Self {
            subject,
            setting,
            case,
            era,
            launch,
            event: event::event(&exchange, loopback::PATH),
            samples: Vec::new(),
            warm: results::histogram(),
            warm_processor: Duration::ZERO,
        }
    }

    /// Measures one fresh process.
    async fn run(&mut self, effort: Effort, quota: Option<&Quota>) -> Result<(), Failure> {
        let requests = match self.setting.has_quota() {
            true => effort.requests_under_quota,
            false => effort.requests,
        };
        let from_start = quota.filter(|_| self.setting == Setting::Quota);
        let mut instance = Instance::start(&self.launch, from_start).await?;
        if let Some(quota) = quota.filter(|_| self.setting == Setting::QuotaAfterStart) {
            instance.bound(quota)?;
        }
        let first = instance.invoke(&self.event).await?;
        self.check(&first.exchanged)?;
        for _ in 0..WARM_UP {
            instance.exchange(&self.event).await?;
        }
        let before = instance.processor_time()?;
        for number in 1..=requests {
            let exchanged = instance.exchange(&self.event).await?;
            results::record(&mut self.warm, exchanged.took());
            if number == requests {
                self.check(&exchanged)?;
            }
        }
        self.warm_processor += instance.processor_time()?.saturating_sub(before);
        let started = instance.started();
        self.samples.push(Sample {
            start: started.wall,
            start_processor: started.processor,
            first: first.exchanged.took(),
            first_processor: first.processor,
            resident: instance.resident()?,
        });
        instance.end().await
    }

    fn check(&self, exchanged: &runtime_api::Exchanged) -> Result<(), Failure> {
        let (who, body) = (self.launch.name, exchanged.body());
        match self.subject {
            Subject::Echo if body == self.event => Ok(()),
            Subject::Echo => Err(Failure::answer(who, self.case.as_str(), &body)),
            Subject::McpLambda | Subject::Rmcp | Subject::TypeScript | Subject::Python => {
                let response = Response::read(exchanged, who)?;
                response.check(who, self.case.as_str(), self.case.marker())
            }
        }
    }

    fn row(&self) -> Row {
        let millis = |of: fn(&Sample) -> Duration| Spread::of_millis(self.samples.iter().map(of));
        let requests = self.warm.len().max(1) as f64;
        Row {
            subject: self.subject,
            setting: self.setting,
            case: self.case,
            era: self.era,
            processes: self.samples.len(),
            start_ms: millis(|sample| sample.start),
            start_cpu_ms: millis(|sample| sample.start_processor),
            first_ms: millis(|sample| sample.first),
            first_cpu_ms: millis(|sample| sample.first_processor),
            warm: Quantiles::of(&self.warm),
            warm_cpu_us: self.warm_processor.as_secs_f64() * 1e6 / requests,
            resident_mb: Spread::of(self.samples.iter().map(|sample| sample.resident as f64 / 1e6)),
        }
    }
}
