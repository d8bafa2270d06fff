//! The hub and the threads that do its work: one writes to the database in groups, some read, some work on texts. Never
//! decides what is done.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use stet_sync::server::Settings;
use tokio::sync::{Notify, mpsc};

use super::Clock;
use super::socket::Bells;
use crate::bus::Bus;
use crate::core::{Hub, ReadJob, Ring, Verify, WriteJob, answer, write};
use crate::database::{Database, Random, Read, ReadError};

/// Writes of one transaction: enough to share an fsync among all that wait, few enough that nobody waits long.
const GROUP: usize = 512;
/// Bytes of one transaction, for the same reason.
const GROUP_BYTES: usize = 8 << 20;
/// Threads that read the log: two keep one busy disk and one slow reader apart.
const READERS: usize = 2;
/// Threads that work on texts, seconds at a time: one long merge must not hold up all others.
const MERGERS: usize = 2;

/// Why the engine didn't start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database can't be read.
    #[error(transparent)]
    Database(#[from] ReadError),
    /// The system gives no thread.
    #[error("a thread can't be started: {0}")]
    Thread(#[from] std::io::Error),
}

struct Inner {
    hub: Hub,
    /// Gone once the engine stops. The hub bounds what is in them: every socket waits for what it asked.
    senders: Option<Senders>,
    armed: i64,
}

struct Senders {
    writes: Sender<WriteJob>,
    reads: Sender<ReadJob>,
    merges: Sender<ReadJob>,
}

/// The hub, shared by sockets and threads.
pub struct Engine {
    inner: Mutex<Inner>,
    /// Sockets to wake as soon as the hub is free: who is woken wants the hub at once.
    rung: Mutex<Rung>,
    settings: Arc<Settings>,
    clock: Clock,
    /// Rings when the next deadline is sooner than the one waited for.
    pub(super) sooner: Notify,
}

/// The engine's threads. Dropping the receiver tells nobody: a thread that ends early is seen there.
pub struct Threads {
    handles: Vec<JoinHandle<()>>,
    ended: mpsc::UnboundedReceiver<&'static str>,
}

/// Tells when a thread ends, however it ends.
struct Ends(&'static str, mpsc::UnboundedSender<&'static str>);

impl Drop for Ends {
    fn drop(&mut self) {
        if self.1.send(self.0).is_err() {
            tracing::debug!(target: "server", thread = self.0, "ended with the engine");
        }
    }
}

/// Who is to be woken, and what for.
type Rung = Vec<(Arc<Bells>, Ring)>;

/// Wakes everybody when it is dropped.
struct Rings<'a>(&'a Mutex<Rung>);

impl Drop for Rings<'_> {
    fn drop(&mut self) {
        let rung = std::mem::take(&mut *rung(self.0));
        for (bells, ring) in rung {
            bells.ring(ring);
        }
    }
}

fn rung(rung: &Mutex<Rung>) -> MutexGuard<'_, Rung> {
    rung.lock().unwrap_or_else(PoisonError::into_inner)
}

type Readers<'a> = Box<dyn Fn() -> Result<Box<dyn Read>, ReadError> + 'a>;

impl Engine {
    /// Starts the threads on this database.
    ///
    /// # Errors
    /// When the database can't be read or a thread can't be started.
    pub fn start<D: Database + 'static>(
        mut database: D,
        settings: Settings,
        verify: Arc<dyn Verify>,
        bus: Box<dyn Bus>,
        random: Random,
    ) -> Result<(Arc<Self>, Threads), EngineError> {
        database.begin_life();
        let settings = Arc::new(settings);
        let hub = Hub::new(Arc::clone(&settings), bus, database.store_id()?, random);
        let (writes, write_jobs) = channel();
        let (reads, read_jobs) = channel();
        let (merges, merge_jobs) = channel();
        let senders = Some(Senders { writes, reads, merges });
        let inner = Mutex::new(Inner { hub, senders, armed: i64::MAX });
        let engine =
            Arc::new(Self { inner, rung: Mutex::default(), settings, clock: Clock::default(), sooner: Notify::new() });
        let (end, ended) = mpsc::unbounded_channel();
        let mut threads = Threads { handles: Vec::new(), ended };
        let readers: Readers<'_> = Box::new(|| database.reader());
        for (name, jobs, count) in [("reader", read_jobs, READERS), ("merger", merge_jobs, MERGERS)] {
            let jobs = Arc::new(Mutex::new(jobs));
            for _ in 0..count {
                let (engine, jobs, verify, reader) =
                    (Arc::clone(&engine), Arc::clone(&jobs), Arc::clone(&verify), readers()?);
                let ends = Ends(name, end.clone());
                threads.spawn(name, move || engine.read(&jobs, reader.as_ref(), verify.as_ref(), &ends))?;
            }
        }
        drop(readers);
        let writer = Arc::clone(&engine);
        let ends = Ends("writer", end);
        threads.spawn("writer", move || writer.write(&write_jobs, &mut database, &ends))?;
        Ok((engine, threads))
    }

    /// What a connection may do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Server time, epoch milliseconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Does something with the hub, and hands out the work it leads to in its order.
    pub fn with<T>(&self, act: impl FnOnce(&mut Hub, i64) -> T) -> T {
        // Dropped after the hub's lock, also by a panic.
        let _rings = Rings(&self.rung);
        let mut inner = self.lock();
        let now = self.clock.now();
        let result = act(&mut inner.hub, now);
        let jobs = inner.hub.take_jobs();
        if let Some(senders) = &inner.senders {
            // A thread that is gone ends the server; until then its work waits for nobody.
            let mut sent = true;
            for job in jobs.writes {
                sent &= senders.writes.send(job).is_ok();
            }
            for job in jobs.reads {
                let slow = matches!(job, ReadJob::Note(_));
                let queue = if slow { &senders.merges } else { &senders.reads };
                sent &= queue.send(job).is_ok();
            }
            if !sent {
                tracing::error!(target: "server", "work was left undone: a thread is gone");
            }
        }
        let deadline = inner.hub.deadline().unwrap_or(i64::MAX);
        if deadline < inner.armed {
            inner.armed = deadline;
            self.sooner.notify_one();
        }
        result
    }

    /// Wakes a socket's task once the hub is free.
    pub(super) fn ring(&self, bells: &Arc<Bells>, ring: Ring) {
        rung(&self.rung).push((Arc::clone(bells), ring));
    }

    /// The next deadline, epoch milliseconds; from now on a sooner one rings.
    pub(super) fn arm(&self) -> i64 {
        let mut inner = self.lock();
        inner.armed = inner.hub.deadline().unwrap_or(i64::MAX);
        inner.armed
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A turn that panicked concerns one socket; the others go on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, jobs: &Receiver<WriteJob>, database: &mut dyn Database, _ends: &Ends) {
        while let Ok(first) = jobs.recv() {
            let mut bytes = first.weight();
            let mut group = vec![first];
            // Whatever came while the last group was being written shares this one's fsync.
            while group.len() < GROUP
                && bytes < GROUP_BYTES
                && let Ok(job) = jobs.try_recv()
            {
                bytes += job.weight();
                group.push(job);
            }
            let at = self.clock.now();
            let written = write(group, database, at);
            self.with(|hub, _| hub.written(written, at));
        }
    }

    fn read(&self, jobs: &Mutex<Receiver<ReadJob>>, reader: &dyn Read, verify: &dyn Verify, _ends: &Ends) {
        loop {
            let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else { return };
            let answer = answer(job, reader, verify, self.clock.now());
            self.with(|hub, now| hub.answer(answer, now));
        }
    }

    /// No more work is handed out; what is under way is finished.
    pub fn stop(&self) {
        self.lock().senders = None;
    }

    /// Wakes the hub at its deadlines, for ever.
    pub async fn keep_time(&self) {
        loop {
            let wait = self.arm().saturating_sub(self.now()).clamp(0, 60_000).unsigned_abs();
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_millis(wait)) => self.with(Hub::timer),
                () = self.sooner.notified() => {}
            }
        }
    }
}

impl Threads {
    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        self.handles.push(std::thread::Builder::new().name(name.to_owned()).spawn(run)?);
        Ok(())
    }

    /// Waits until a thread has ended, and names it.
    pub async fn ended(&mut self) -> &'static str {
        self.ended.recv().await.unwrap_or("engine")
    }

    /// Waits for all threads to finish what they were given. Blocks.
    pub fn join(self) {
        for handle in self.handles {
            if handle.join().is_err() {
                tracing::error!(target: "server", "a thread had panicked");
            }
        }
    }
}
