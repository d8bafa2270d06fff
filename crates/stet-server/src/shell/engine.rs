//! The hub and the threads that do its work: one writes to the database in groups, some read, some work on texts, one
//! folds rows. Never
//! decides what is done.
//!
//! Whoever finds the database free writes a little work itself: with nobody to share an fsync with, waking the writer and
//! being woken by it would take as long as the disk does.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use stet_sync::server::{Now, Settings};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Notify, mpsc};

use super::Clock;
use super::marks::Marks;
use super::socket::Bells;
use crate::bus::Bus;
use crate::core::{Answer, Hub, ReadJob, Ring, Verify, WriteJob, answer, write};
use crate::database::{Database, Random, Read, ReadError};
use crate::level_one;

/// Writes of one transaction: enough to share an fsync among all that wait, few enough that nobody waits long.
const GROUP: usize = 512;
/// Bytes of one transaction, for the same reason.
const GROUP_BYTES: usize = 8 << 20;
/// Writes a turn does itself when the database is free.
const AT_ONCE: usize = 4;
/// And their bytes: what takes longer is the writer's.
const AT_ONCE_BYTES: usize = 64 << 10;
/// Threads that read the log: two keep one busy disk and one slow reader apart.
const READERS: usize = 2;
/// Threads that work on texts, seconds at a time: one long merge must not hold up all others.
const MERGERS: usize = 2;
/// Threads that fold rows, which nobody waits for: one, so that the others have a processor.
const COMPACTORS: usize = 1;

/// The thread that writes.
const WRITER: &str = "writer";

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

/// What the threads work with.
pub struct Means {
    /// Tells good tokens from bad ones.
    pub verify: Arc<dyn Verify>,
    /// Randomness.
    pub random: Random,
    /// Where it is noted down what is being worked on.
    pub marks: Marks,
}

struct Inner {
    hub: Hub,
    /// In their order. The hub bounds them: every socket waits for what it asked.
    writes: VecDeque<WriteJob>,
    /// Whether somebody is writing: the next group waits for its end.
    writing: bool,
    /// Gone once the engine stops. Bounded as the writes are.
    senders: Option<Senders>,
    armed: i64,
}

struct Senders {
    reads: Sender<ReadJob>,
    merges: Sender<ReadJob>,
    folds: Sender<ReadJob>,
}

impl Senders {
    fn queue_of(&self, job: &ReadJob) -> &Sender<ReadJob> {
        match job {
            job if job.can_wait() => &self.folds,
            ReadJob::Note(_) => &self.merges,
            _ => &self.reads,
        }
    }
}

impl Inner {
    /// The next writes, as many as share a transaction. Whoever takes them writes them.
    fn take_group(&mut self) -> Vec<WriteJob> {
        let mut bytes = 0;
        let fits = |job: &WriteJob| {
            let room = bytes < GROUP_BYTES;
            bytes += job.weight();
            room
        };
        let count = self.writes.iter().take(GROUP).map(fits).take_while(|fits| *fits).count();
        self.writing = count > 0;
        self.writes.drain(..count).collect()
    }

    fn is_little(&self) -> bool {
        self.writes.len() <= AT_ONCE && self.writes.iter().map(WriteJob::weight).sum::<usize>() <= AT_ONCE_BYTES
    }
}

/// The hub, shared by sockets and threads.
pub struct Engine {
    inner: Mutex<Inner>,
    /// Whoever has set `writing` has it to themselves.
    database: Mutex<Box<dyn Database>>,
    /// Rings when the writer has something to do.
    due: Condvar,
    end: mpsc::UnboundedSender<&'static str>,
    /// Sockets to wake as soon as the hub is free: who is woken wants the hub at once.
    rung: Mutex<Rung>,
    settings: Arc<Settings>,
    clock: Clock,
    marks: Marks,
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

/// Ends the server where a write panics: nobody knows what became of it, and nobody could write after it.
struct EndsByPanic<'a>(&'a Engine);

impl Drop for EndsByPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut inner = self.0.lock();
            (inner.senders, inner.writing) = (None, false);
            inner.writes.clear();
            drop(inner);
            self.0.due.notify_one();
            if self.0.end.send(WRITER).is_err() {
                tracing::debug!(target: "server", "a write panicked with the engine's end");
            }
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

impl Engine {
    /// Starts the threads on this database.
    ///
    /// # Errors
    /// When the database can't be read or a thread can't be started.
    pub fn start<D: Database + 'static>(
        mut database: D,
        settings: Settings,
        bus: Box<dyn Bus>,
        means: Means,
    ) -> Result<(Arc<Self>, Threads), EngineError> {
        database.begin_life();
        let Means { verify, random, marks } = means;
        let settings = Arc::new(settings);
        let hub = Hub::new(Arc::clone(&settings), bus, database.store_id()?, random);
        let (reads, read_jobs) = channel();
        let (merges, merge_jobs) = channel();
        let (folds, fold_jobs) = channel();
        let senders = Some(Senders { reads, merges, folds });
        let (end, ended) = mpsc::unbounded_channel();
        let kinds =
            [("reader", READERS, read_jobs), ("merger", MERGERS, merge_jobs), ("compactor", COMPACTORS, fold_jobs)];
        let readers = kinds.into_iter().flat_map(|(name, count, jobs)| {
            let jobs = Arc::new(Mutex::new(jobs));
            (0..count).map(move |_| (name, Arc::clone(&jobs)))
        });
        let readers =
            readers.map(|(name, jobs)| Ok((name, jobs, database.reader()?))).collect::<Result<Vec<_>, ReadError>>()?;
        let engine = Arc::new(Self {
            inner: Mutex::new(Inner { hub, writes: VecDeque::new(), writing: false, senders, armed: i64::MAX }),
            database: Mutex::new(Box::new(database)),
            due: Condvar::new(),
            end: end.clone(),
            rung: Mutex::default(),
            settings,
            clock: Clock::default(),
            sooner: Notify::new(),
            marks,
        });
        let mut threads = Threads { handles: Vec::new(), ended };
        for (thread, (name, jobs, reader)) in readers.into_iter().enumerate() {
            let (engine, verify) = (Arc::clone(&engine), Arc::clone(&verify));
            let ends = Ends(name, end.clone());
            let answer = move |engine: &Self, job| engine.answer(thread, job, reader.as_ref(), verify.as_ref());
            threads.spawn(name, move || engine.read(&jobs, answer, &ends))?;
        }
        let writer = Arc::clone(&engine);
        let ends = Ends(WRITER, end);
        threads.spawn(WRITER, move || writer.write(&ends))?;
        Ok((engine, threads))
    }

    /// What a connection may do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Does something with the hub, and hands out the work it leads to in its order. Waits for the disk where the work is
    /// little and the database is free.
    pub fn with<T>(&self, act: impl FnOnce(&mut Hub, Now) -> T) -> T {
        let (result, group) = self.turn(|inner, now| act(&mut inner.hub, now), Inner::is_little);
        if !group.is_empty() {
            // What has come up meanwhile is the writer's: a socket's task does its own work only.
            self.commit(group, |_| false);
        }
        result
    }

    /// Does something with the hub, and leaves all the work it leads to to the threads: more is about to come from the same
    /// socket, and shares a commit with it.
    pub fn hand_over<T>(&self, act: impl FnOnce(&mut Hub, Now) -> T) -> T {
        self.turn(|inner, now| act(&mut inner.hub, now), |_| false).0
    }

    /// Does something with the hub; answers the writes that are now the caller's, if `takes` them.
    fn turn<T>(
        &self,
        act: impl FnOnce(&mut Inner, Now) -> T,
        takes: impl FnOnce(&Inner) -> bool,
    ) -> (T, Vec<WriteJob>) {
        // Dropped after the hub's lock, also by a panic.
        let _rings = Rings(&self.rung);
        let mut inner = self.lock();
        let now = self.clock.now();
        let result = act(&mut inner, now);
        let jobs = inner.hub.take_jobs();
        let inner = &mut *inner;
        if let Some(senders) = &inner.senders {
            inner.writes.extend(jobs.writes);
            let mut sent = true;
            for job in jobs.reads {
                sent &= senders.queue_of(&job).send(job).is_ok();
            }
            // A thread that is gone ends the server; until then its work waits for nobody.
            if !sent {
                tracing::error!(target: "server", "work was left undone: a thread is gone");
            }
        }
        let deadline = inner.hub.deadline().unwrap_or(i64::MAX);
        if deadline < inner.armed {
            inner.armed = deadline;
            self.sooner.notify_one();
        }
        let mut group = Vec::new();
        if !inner.writing && takes(inner) {
            group = inner.take_group();
        } else if !inner.writing && (!inner.writes.is_empty() || inner.senders.is_none()) {
            self.due.notify_one();
        }
        (result, group)
    }

    /// Writes a group and tells the hub; answers the next one, if `takes` it.
    fn commit(&self, group: Vec<WriteJob>, takes: impl FnOnce(&Inner) -> bool) -> Vec<WriteJob> {
        let ends = EndsByPanic(self);
        let at = self.clock.now();
        let written =
            held_up(|| write(group, self.database.lock().unwrap_or_else(PoisonError::into_inner).as_mut(), at.wall));
        let written = |inner: &mut Inner, _| {
            inner.writing = false;
            inner.hub.written(written, at);
        };
        let ((), next) = self.turn(written, takes);
        drop(ends);
        next
    }

    /// Wakes a socket's task once the hub is free.
    pub(super) fn ring(&self, bells: &Arc<Bells>, ring: Ring) {
        rung(&self.rung).push((Arc::clone(bells), ring));
    }

    /// The next deadline, on the clock that only goes on; from now on a sooner one rings.
    pub(super) fn arm(&self) -> i64 {
        let mut inner = self.lock();
        inner.armed = inner.hub.deadline().unwrap_or(i64::MAX);
        inner.armed
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A turn that panicked concerns one socket; the others go on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, _ends: &Ends) {
        loop {
            let waits = |inner: &mut Inner| inner.writing || (inner.writes.is_empty() && inner.senders.is_some());
            let mut inner = self.due.wait_while(self.lock(), waits).unwrap_or_else(PoisonError::into_inner);
            let mut group = inner.take_group();
            drop(inner);
            if group.is_empty() {
                return;
            }
            // Whatever came while the last group was being written shares the next one's fsync.
            while !group.is_empty() {
                group = self.commit(group, |_| true);
            }
        }
    }

    /// Does work, unless it is on a document that is to be left alone.
    fn answer(&self, thread: usize, job: ReadJob, reader: &dyn Read, verify: &dyn Verify) -> Answer {
        let ReadJob::Note(note) = &job else { return answer(job, reader, verify, self.clock.wall()) };
        let (space, id) = (note.key.space_id, note.key.note_id);
        if !self.marks.begin(thread, space, id) {
            return Answer::Note(Box::new(level_one::left_alone(note)));
        }
        let answer = answer(job, reader, verify, self.clock.wall());
        self.marks.end(thread, space, id);
        answer
    }

    fn read(&self, jobs: &Mutex<Receiver<ReadJob>>, answer: impl Fn(&Self, ReadJob) -> Answer, _ends: &Ends) {
        loop {
            let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else { return };
            if job.can_wait() && self.lock().senders.is_none() {
                continue;
            }
            let answer = answer(self, job);
            self.with(|hub, now| hub.answer(answer, now));
        }
    }

    /// No more work is handed out; what is under way is finished.
    pub fn stop(&self) {
        self.lock().senders = None;
        self.due.notify_one();
    }

    /// Wakes the hub at its deadlines, for ever.
    pub async fn keep_time(&self) {
        loop {
            let wait = self.arm().saturating_sub(self.clock.now().mono).clamp(0, 60_000).unsigned_abs();
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_millis(wait)) => self.with(Hub::timer),
                () = self.sooner.notified() => {}
            }
        }
    }
}

/// Does what a disk may hold up. Where that is one of the runtime's threads, another is woken first and waits for sockets and
/// timers meanwhile: all of them may be asleep but this one.
fn held_up<T>(act: impl FnOnce() -> T) -> T {
    if Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread) {
        // The last task a thread makes it keeps for itself; the one before is for whoever is free. (`block_in_place` would
        // hand over everything, and take a tenth of a commit for it.)
        drop([tokio::spawn(std::future::ready(())), tokio::spawn(std::future::ready(()))]);
    }
    act()
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
