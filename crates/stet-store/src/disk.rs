//! The one thread that writes. It commits at once when idle and groups what piled up meanwhile; only what nobody waits for
//! lingers a moment, to share a commit with something else. Never decides what is written.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::error::WriteError;
use crate::write::{Write, only_indexes, renames};
use crate::writer::Writer;

/// Jobs that may wait. A job is at least one document's change, so more than this waiting means that the disk stands
/// still, and the caller's own queue (documents whose head isn't stored) is the better place.
pub const QUEUE_JOBS: usize = 1024;

/// Bytes that may wait: several of the protocol's largest batches. A single larger job is taken when nothing waits.
pub const QUEUE_BYTES: usize = 64 << 20;

/// Bytes after which a group is closed: what a slow disk writes in about 100 ms, so that nobody waits long for others.
pub const GROUP_BYTES: usize = 4 << 20;

/// The same for search text: its words cost several times as much as other bytes, and whoever types meanwhile waits for a group.
const INDEX_BYTES: usize = 512 << 10;

/// How long a job that nobody waits for may wait for another to share its commit. Most commits of a device that syncs
/// would be of that kind, and each makes the disk wait; nobody sees a tenth of a second in what they change.
const LINGER: Duration = Duration::from_millis(100);

/// Bytes that are worth a commit of their own: such jobs don't linger. A catch-up would wait for most of its time.
const LINGER_BYTES: usize = 16 << 10;

/// Silence after which the log is folded into the database, so that it never delays somebody who types.
const IDLE: Duration = Duration::from_millis(250);

/// Called on the disk thread for every job, with its tag, in the order of the commits.
pub type OnDone = Box<dyn FnMut(u64, Result<(), WriteError>) + Send>;

/// A job that wasn't taken. It comes back whole: nothing is lost.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// As much as may wait is waiting. Keep the writes and submit them again after the next call of `on_done`: each
    /// one means that room was made.
    #[error("too many writes wait for the disk; submit again when one is done")]
    Full(Vec<Write>),
    /// The thread has ended: it was closed, or the system gave none.
    #[error("the disk thread has ended; open the store again")]
    Closed(Vec<Write>),
}

impl SubmitError {
    /// The writes that weren't taken.
    pub fn into_writes(self) -> Vec<Write> {
        match self {
            Self::Full(writes) | Self::Closed(writes) => writes,
        }
    }
}

/// Owns the [`Writer`] and commits jobs in groups. Each job is all or nothing: when a group fails, its jobs are tried
/// one by one, so that a bad one fails alone.
///
/// A job made of nothing but what can be made again ([`Write::Imported`], [`Write::Acked`] and the like) is committed
/// with the next other job, at the latest after a tenth of a second.
///
/// Jobs are committed in the order they came, with one exception: jobs that only bring search text
/// ([`Write::Index`], rows beside it) come once nothing else waits, in transactions of their own, so that neither somebody's typing nor
/// a catch-up waits for the index.
pub struct DiskThread {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl DiskThread {
    /// Starts the thread. If the system gives none, every [`DiskThread::submit`] answers [`SubmitError::Closed`].
    pub fn start(writer: Writer, on_done: OnDone) -> Self {
        let queue = Arc::new(Queue::default());
        let worker = Arc::clone(&queue);
        let thread =
            thread::Builder::new().name("stet-disk".to_owned()).spawn(move || work(&worker, writer, on_done)).ok();
        if thread.is_none() {
            queue.close();
        }
        Self { queue, thread }
    }

    /// Hands over a job; `on_done` is called with `tag` when it is on disk or has failed. Never blocks.
    ///
    /// # Errors
    /// [`SubmitError`] gives the writes back when they weren't taken.
    pub fn submit(&self, tag: u64, writes: Vec<Write>) -> Result<(), SubmitError> {
        self.queue.push(Job::new(tag, writes))
    }

    /// Lets no job linger any more: the end is near.
    pub fn hurry(&self) {
        self.queue.hurry();
    }

    /// Commits everything that was taken and ends the thread. Dropping does the same.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for DiskThread {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic in `on_done` was reported when it happened; the queue is closed either way.
            drop(thread.join());
        }
    }
}

struct Job {
    tag: u64,
    writes: Vec<Write>,
    bytes: usize,
    index_only: bool,
    can_wait: bool,
    /// Documents have another name after it: what came before must be written before.
    renames: bool,
}

impl Job {
    fn new(tag: u64, writes: Vec<Write>) -> Self {
        let bytes = writes.iter().map(Write::weight).sum();
        let (index_only, renames) = (only_indexes(&writes), renames(&writes));
        let can_wait = !writes.is_empty() && writes.iter().all(Write::can_wait);
        Self { tag, writes, bytes, index_only, can_wait, renames }
    }
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Those that only bring search text.
    index: VecDeque<Job>,
    bytes: usize,
    closed: bool,
    /// Somebody waits for every job from now on.
    hurried: bool,
    /// When the jobs are committed: at once when somebody waits for one of them.
    due: Option<Instant>,
}

/// What the thread does next.
enum Turn {
    Commit(Vec<Job>),
    Idle,
    End,
}

impl Queue {
    // The state is plain data that every method leaves whole, so a panic elsewhere can't have torn it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) -> Result<(), SubmitError> {
        let mut state = self.lock();
        if state.closed {
            return Err(SubmitError::Closed(job.writes));
        }
        let waiting = state.jobs.len() + state.index.len();
        let crowded = waiting >= QUEUE_JOBS || state.bytes + job.bytes > QUEUE_BYTES;
        if crowded && waiting > 0 {
            state.due = Some(Instant::now());
            self.changed.notify_one();
            return Err(SubmitError::Full(job.writes));
        }
        state.bytes += job.bytes;
        let lingers = job.can_wait && state.bytes < LINGER_BYTES;
        let due = Instant::now() + if lingers { LINGER } else { Duration::ZERO };
        state.due = Some(state.due.map_or(due, |before| before.min(due)));
        state.add(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    fn hurry(&self) {
        self.lock().hurried = true;
        self.changed.notify_one();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for jobs; with `until_idle`, only so long.
    fn next(&self, until_idle: Option<Duration>) -> Turn {
        let idle_at = until_idle.map(|limit| Instant::now() + limit);
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.is_due(now) {
                return Turn::Commit(state.take_group());
            }
            if state.closed {
                return Turn::End;
            }
            let wake_at = state.due.or(idle_at);
            if state.due.is_none() && wake_at.is_some_and(|at| at <= now) {
                return Turn::Idle;
            }
            state = match wake_at {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let wait = self.changed.wait_timeout(state, at.saturating_duration_since(now));
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl State {
    /// Whether what waits is to be committed now.
    fn is_due(&self, now: Instant) -> bool {
        !self.is_empty() && (self.hurried || self.closed || self.due.is_some_and(|due| due <= now))
    }

    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.index.is_empty()
    }

    fn add(&mut self, job: Job) {
        if job.renames {
            // What came before is about documents by their former names.
            self.jobs.append(&mut self.index);
        }
        let queue = if job.index_only { &mut self.index } else { &mut self.jobs };
        queue.push_back(job);
    }

    fn take_group(&mut self) -> Vec<Job> {
        let (queue, limit) =
            if self.jobs.is_empty() { (&mut self.index, INDEX_BYTES) } else { (&mut self.jobs, GROUP_BYTES) };
        let mut group = Vec::new();
        let mut bytes = 0;
        while bytes < limit
            && let Some(job) = queue.pop_front()
        {
            bytes += job.bytes;
            group.push(job);
        }
        self.bytes -= bytes;
        if self.is_empty() {
            self.due = None;
        }
        group
    }
}

/// Closes the queue also when the thread unwinds, so that no job is taken that nobody would commit.
struct ClosesQueue<'a>(&'a Queue);

impl Drop for ClosesQueue<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn work(queue: &Queue, mut writer: Writer, mut on_done: OnDone) {
    let _closes = ClosesQueue(queue);
    let mut until_idle = None;
    loop {
        match queue.next(until_idle) {
            Turn::Commit(group) => {
                commit(&mut writer, &group, &mut on_done);
                until_idle = Some(IDLE);
            }
            Turn::Idle => {
                // Folding the log is no part of any job: what is committed is safe in the log, and the next idle
                // moment tries again. Nor is its length.
                drop(writer.checkpoint_if_large());
                drop(writer.lengthen_log());
                until_idle = None;
            }
            Turn::End => return,
        }
    }
}

fn commit(writer: &mut Writer, jobs: &[Job], on_done: &mut OnDone) {
    let together = match jobs {
        [] => return,
        [job] => {
            on_done(job.tag, writer.commit(&job.writes));
            return;
        }
        jobs => writer.commit_each(jobs.iter().flat_map(|job| &job.writes)),
    };
    for job in jobs {
        let result = if together.is_ok() { Ok(()) } else { writer.commit(&job.writes) };
        on_done(job.tag, result);
    }
}
