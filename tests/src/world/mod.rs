//! A simulated world: the real engine over the real store on several devices, and the real server with its database, in
//! one thread, on a simulated clock, network and disk. A seed decides everything. Things go wrong; then everything is made well,
//! and within bounded time all devices must hold the same and what a naive model says. No real socket, clock or thread.

mod check;
mod device;
mod editor;
mod faults;
mod level1;
mod network;
pub mod plan;
mod queue;
pub mod random;
mod reference;
mod said;
mod server;
mod trace;
mod units;
mod user;

use std::collections::BTreeMap;

use stet_server::core::Happening;

use check::Phase;
use device::Device;
use level1::Level1Client;
use network::{Link, LinkId};
use plan::{Plan, What};
use queue::{Event, ForLevel1, Queue};
pub use random::Dice;
use reference::Reference;
use server::Server;
pub use trace::Counts;
use trace::Trace;

/// Events within a simulated second above which something goes round in circles.
const EVENTS_A_SECOND: u32 = 60_000;
/// Lines of a trace shown with a failure.
const SHOWN: usize = 200;

/// A run that ended well.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How much happened.
    pub counts: Counts,
    /// Simulated time, milliseconds.
    pub lasted_ms: u64,
    /// Everything that happened, in a number; only of traced runs.
    pub digest: u64,
    /// The end of what happened; only of traced runs.
    pub trace: String,
}

/// A run that showed something wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What is wrong.
    pub words: String,
    /// What happened, one line each; empty unless traced.
    pub trace: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<&str> = self.trace.lines().collect();
        lines[lines.len().saturating_sub(SHOWN)..].iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "seed {}: {}", self.seed, self.words)
    }
}

/// Everything there is.
pub(crate) struct World {
    plan: Plan,
    queue: Queue,
    dice: Dice,
    /// Decides what a power cut leaves on disks.
    disks: Dice,
    devices: Vec<Device>,
    level1: Vec<Level1Client>,
    server: Server,
    links: BTreeMap<LinkId, Link>,
    next_link: LinkId,
    reference: Reference,
    counts: Counts,
    trace: Trace,
    phase: Phase,
    healed_at: Option<u64>,
    failure: Option<String>,
}

/// Runs a plan to its end.
///
/// # Errors
/// When something is wrong at any moment or at the end.
pub fn run(plan: &Plan, traced: bool) -> Result<Outcome, Box<Failure>> {
    let failed = |words: String, trace: String| Box::new(Failure { seed: plan.seed, words, trace });
    let mut world = World::new(plan.clone(), traced).map_err(|words| failed(words, String::new()))?;
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run()));
    if ended.is_err() {
        world.failure.get_or_insert_with(|| "something panicked".to_owned());
    }
    match world.failure.take() {
        None => {
            let (lasted_ms, digest, trace) = (world.queue.now(), world.trace.digest, world.trace.text());
            Ok(Outcome { counts: world.counts, lasted_ms, digest, trace })
        }
        Some(words) => Err(failed(words, world.trace.text())),
    }
}

/// Runs a seed, as [`run_plan`].
///
/// # Errors
/// As [`run`], and when too little happens in it.
pub fn run_seed(seed: u64) -> Result<Outcome, Box<Failure>> {
    let outcome = run_plan(&Plan::from_seed(seed))?;
    match outcome.counts.too_little() {
        Some(words) => Err(Box::new(Failure { seed, words, trace: String::new() })),
        None => Ok(outcome),
    }
}

/// Runs a plan. One that fails is run again for its trace.
///
/// # Errors
/// As [`run`].
pub fn run_plan(plan: &Plan) -> Result<Outcome, Box<Failure>> {
    run(plan, false).map_err(|failure| match run(plan, true) {
        Err(traced) => traced,
        Ok(_) => Box::new(Failure { words: format!("{} (not when run again)", failure.words), ..*failure }),
    })
}

/// Leaves out steps of a failing plan as long as it fails and `goes_on`, and gives what is left.
pub fn shrink(mut plan: Plan, goes_on: impl Fn() -> bool) -> Plan {
    let mut size = plan.steps.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < plan.steps.len() && goes_on() {
            let mut fewer = plan.clone();
            fewer.steps.drain(from..(from + size).min(plan.steps.len()));
            if run(&fewer, false).is_err() {
                plan = fewer;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    plan
}

impl World {
    fn new(plan: Plan, traced: bool) -> Result<Self, String> {
        let devices = (0..plan.config.devices).map(|_| Device::new()).collect::<Result<_, _>>()?;
        let server = Server::new(plan.seed, &plan.config)?;
        Ok(Self {
            queue: Queue::default(),
            dice: Dice::new(plan.seed, 2),
            disks: Dice::new(plan.seed, 4),
            devices,
            level1: (0..plan.config.level1).map(|_| Level1Client::default()).collect(),
            server,
            links: BTreeMap::new(),
            next_link: 0,
            reference: Reference::default(),
            counts: Counts::default(),
            trace: Trace::new(traced),
            phase: Phase::Acting,
            healed_at: None,
            failure: None,
            plan,
        })
    }

    fn run(&mut self) {
        self.queue.put(0, Event::ServerStart);
        for (device, at) in self.plan.config.starts.clone().into_iter().enumerate() {
            self.queue.put(at, Event::Start(device));
        }
        for client in 0..self.level1.len() {
            self.queue.put(1_000, Event::Level1 { client, life: 0, what: ForLevel1::Connect });
        }
        for (n, step) in self.plan.steps.iter().enumerate() {
            self.queue.put(step.at, Event::Step(n));
        }
        self.queue.put(self.plan.heal_at, Event::Heal);
        let (mut second, mut events) = (0, 0);
        while self.failure.is_none()
            && self.phase != Phase::Over
            && let Some(event) = self.queue.take()
        {
            events += 1;
            if self.queue.now() / 1_000 != second {
                (second, events) = (self.queue.now() / 1_000, 0);
            } else if events > EVENTS_A_SECOND {
                self.fail("something goes round in circles".to_owned());
            }
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step(n) => match self.plan.steps[n].what.clone() {
                What::User(device, action) => {
                    self.note(|| format!("step {n}: d{device} {action:?}"));
                    self.act(device, &action);
                }
                What::Level1(client, action) => {
                    self.note(|| format!("step {n}: level-1 client {client} {action:?}"));
                    match self.level1_act(client, &action) {
                        Some(()) => *self.counts.actions.entry(action.name()).or_default() += 1,
                        None => self.counts.skipped += 1,
                    }
                }
                What::Fault(fault) => {
                    self.note(|| format!("step {n}: {fault:?}"));
                    self.go_wrong(fault);
                }
            },
            Event::Device { device, life, what } => self.device_event(device, life, what),
            Event::Start(device) => self.start_device(device),
            Event::Up(link) => self.arrived_up(link),
            Event::Down(link) => self.arrived_down(link),
            Event::Knock(link) => self.knock(link),
            Event::Gone(link) => self.server_learns(link),
            Event::Level1 { client, life, what } => self.level1_event(client, life, what),
            Event::Resume => self.resume(),
            Event::ServerTimer => {
                self.server.timer_at = None;
                self.server.handle(Happening::Timer, self.queue.now());
                self.pump_server();
            }
            Event::ServerStart => self.start_server(),
            Event::Heal => {
                self.heal();
                self.phase = Phase::Settling;
                self.queue.put(self.queue.now(), Event::Look);
            }
            Event::Look => self.look_around(),
        }
    }

    /// The first thing that is wrong counts.
    fn fail(&mut self, words: String) {
        self.note(|| format!("WRONG: {words}"));
        self.failure.get_or_insert(words);
    }

    fn note(&mut self, words: impl FnOnce() -> String) {
        if self.trace.is_on() {
            self.trace.line(self.queue.now(), &words());
        }
    }
}
