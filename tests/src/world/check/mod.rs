//! What must be true once everything is well: everybody settles within bounded time, holds the same, and holds what the
//! naive model says; and what devices say of themselves, true at any moment. Changes nothing.

mod content;
mod lists;
mod past;
mod promises;
mod status;

use stet_model::id::DocKey;

use super::World;
use super::device::Device;
use super::queue::Event;
pub(super) use status::Comparison;

/// Everybody must have settled so long after everything was made well: a connection that broke without anybody's
/// knowledge is found within 45 s, and the next attempt is made within a minute; some need two. Milliseconds.
const SETTLED_AFTER: u64 = 240_000;
/// For so long a connection may still break because of what was wrong before, milliseconds.
const COMES_OUT: u64 = 90_000;
/// Everybody must stay settled for so long: search texts and receipts follow by themselves. Milliseconds.
const REST: u64 = 12_000;
/// At the end of that a device may be writing down what it was just told of another: whoever is busy for longer has not settled.
/// Milliseconds.
const BREATH: u64 = 2_000;
/// A device that comes new must have everything after so long, milliseconds.
const NEW_AFTER: u64 = 60_000;
/// Between two looks, milliseconds.
const LOOK_EVERY: u64 = 250;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Users act and things go wrong.
    Acting,
    /// All is well; not everybody has settled.
    Settling,
    /// Everybody has settled, until then.
    Resting(u64),
    /// A new device came, and has until then; the log had so many rows.
    Observing(u64, u64),
    /// That's it.
    Over,
}

impl World {
    /// Looks whether everybody has settled, and what comes next.
    pub(super) fn look_around(&mut self) {
        let now = self.queue.now();
        let unsettled = self.unsettled();
        match (self.phase, unsettled) {
            (Phase::Settling, None) => self.phase = Phase::Resting(now + REST),
            (Phase::Settling, Some(words)) if now > self.healed_at.unwrap_or(now) + SETTLED_AFTER => {
                let more = self.verify(u64::MAX).err().unwrap_or_default();
                self.fail(format!("not settled {} s after all is well: {words}; {more}", SETTLED_AFTER / 1_000));
            }
            (Phase::Resting(until), unsettled) if now >= until => match unsettled {
                Some(_) if self.still_comes_out(now) => self.phase = Phase::Settling,
                Some(_) if now < until + BREATH => {}
                Some(words) => {
                    let more = self.verify(u64::MAX).err().unwrap_or_default();
                    self.fail(format!("settled, and then not any more: {words}; {more}"));
                }
                None => {
                    match Device::new() {
                        Ok(device) => self.devices.push(device),
                        Err(words) => return self.fail(words),
                    }
                    self.start_device(self.devices.len() - 1);
                    match self.server.head() {
                        Ok((seq, _)) => self.phase = Phase::Observing(now + NEW_AFTER, seq),
                        Err(words) => self.fail(words),
                    }
                }
            },
            (Phase::Observing(_, rows), None) => {
                if let Err(words) = self.verify(rows) {
                    self.fail(words);
                }
                self.phase = Phase::Over;
            }
            (Phase::Observing(until, _), Some(words)) if now >= until => {
                self.fail(format!("with a new device not settled in {} s: {words}", NEW_AFTER / 1_000));
            }
            _ => {}
        }
        self.queue.put(now + LOOK_EVERY, Event::Look);
    }

    /// Whether a connection broke so soon that it may be of something wrong before: dead without anybody's knowledge, or
    /// with a token that wasn't renewed in time.
    fn still_comes_out(&self, now: u64) -> bool {
        let broke = |device: &Device| {
            let status = device.process.as_ref().and_then(|process| process.status.as_ref());
            status.is_some_and(|status| !status.is_authenticated || status.reconnect_attempts > 0)
        };
        self.healed_at.is_some_and(|at| now < at + COMES_OUT) && self.devices.iter().any(broke)
    }

    /// Why not everybody has settled.
    fn unsettled(&mut self) -> Option<String> {
        let seq = match self.server.head() {
            Ok((seq, _)) => seq,
            Err(words) => return Some(words),
        };
        if self.level1_waits() {
            return Some("a level-1 client waits for an answer".to_owned());
        }
        (0..self.devices.len()).find_map(|device| Some(format!("device {device} {}", self.restless(device, seq)?)))
    }

    fn restless(&self, device: usize, seq: u64) -> Option<String> {
        let Some(process) = &self.devices[device].process else { return Some("doesn't run".to_owned()) };
        let Some(status) = &process.status else { return Some("never told its status".to_owned()) };
        if !status.is_authenticated {
            return Some(format!("is {:?}, because {:?}", status.state, status.error));
        }
        if status.level != Some(2) || status.paused || status.progress.is_some() {
            return Some(format!("says {status:?}"));
        }
        if status.cursor != seq {
            return Some(format!("is at {} and the server at {seq}", status.cursor));
        }
        if !process.engine.is_saved() || status.unsaved > 0 {
            return Some("hasn't saved everything".to_owned());
        }
        // What was edited here and removed for good elsewhere is kept, and can't be sent.
        if status.unsent != status.held {
            return Some(format!("has {} unsent and {} held: {:?}", status.unsent, status.held, status.error));
        }
        if status.is_synced != (status.unsent == 0) {
            return Some(format!("has nothing to send and doesn't call that synced: {status:?}"));
        }
        let standing = match process.reader.standing(process.engine.space()) {
            Ok(standing) => standing,
            Err(error) => return Some(format!("can't read what it holds: {error}")),
        };
        if status.held == 0 && status.verified.is_none() && standing.compared.is_some_and(|compared| compared.same) {
            return Some(format!("has the server's log and doesn't call that verified: {standing:?}"));
        }
        let busy =
            process.editors.iter().find(|(_, editor)| editor.in_flight.is_some() || editor.text.unconfirmed() > 0);
        if let Some((key, _)) = busy {
            return Some(format!("has an editor with unsent text: {key:?}"));
        }
        // Removals are counted at the end of a catch-up, by what is on the disk.
        let held = match process.reader.waiting() {
            Ok(waiting) if waiting.held.iter().all(|(_, held)| held.code != "removed") => waiting.held,
            waiting => return Some(format!("has removals to count: {waiting:?}")),
        };
        let kept = |doc: &DocKey| held.iter().any(|(kept, _)| kept == doc);
        match (process.reader.unindexed(1), process.reader.pending(u32::MAX)) {
            (Ok(stale), Ok(pending)) if stale.is_empty() && pending.iter().all(kept) => None,
            (stale, pending) => Some(format!("has stale search texts {stale:?} or rows to import {pending:?}")),
        }
    }

    /// Everybody holds the same, and what the naive model says; nobody wrote because of what came in.
    fn verify(&mut self, rows: u64) -> Result<(), String> {
        let (seq, _) = self.server.head()?;
        // The new device makes the welcome note as every device does, and sends it.
        if seq > rows.saturating_add(1) {
            return Err(format!("nobody did anything, and the log has grown from {rows} to {seq} rows"));
        }
        let contents = (0..self.devices.len()).map(|device| self.content(device)).collect::<Result<Vec<_>, _>>()?;
        for (device, content) in contents.iter().enumerate() {
            let of = |words: String| format!("device {device}: {words}");
            self.check_editors(device, content).map_err(of)?;
            self.check_lists(device, content).map_err(of)?;
            self.check_held(content).map_err(of)?;
            self.check_standing(device, content).map_err(of)?;
            content.same(&contents[0]).map_err(|words| format!("device {device} and device 0 differ: {words}"))?;
        }
        self.check_server(&contents)?;
        self.check_promises(&contents)
    }
}
