//! Level-1 requests and what level 1 is shown, one note at a time: while one thing is done with a note, the next waits.
//! What is done with the text is the façade's. Never text.

use std::collections::VecDeque;

use stet_model::id::{NoteId, PeerId, SpaceId, UserId};
use stet_protocol::message::ErrorCode;
use stet_sync::server::{Change, Input, LevelOne, LevelOneOutcome, Refusal, Shared, Stage};

use super::SocketId;
use super::hub::Hub;
use super::job::{Purpose, ReadJob, RowKey, WriteJob};
use crate::database::{NewRow, Write, WriteError, Written};
use crate::level_one::{Done, FRESH_PEERS, NoteAnswer, NoteJob, NoteKey, Shown, Task, Worked, stamp};

/// A document's rows are folded each time so many have come.
const FOLD_EVERY: u64 = 500;

/// What waits for its turn at one note.
#[derive(Debug, Default)]
pub(super) struct NoteQueue {
    waiting: VecDeque<Waiting>,
    /// The level-1 answer that is being committed.
    committing: Option<(SocketId, Box<Worked>)>,
}

#[derive(Debug)]
enum Waiting {
    Ask(SocketId, UserId, LevelOne),
    Show(Show),
}

/// Rows that level 1 is to be shown.
#[derive(Clone, Debug)]
pub(super) struct Show {
    /// The first of them.
    pub(super) from: u64,
    /// Who wrote the last.
    pub(super) author: UserId,
    /// When, epoch milliseconds.
    pub(super) timestamp: i64,
}

impl Hub {
    /// A level-1 client asks.
    pub(super) fn level_one(&mut self, socket: SocketId, user_id: &UserId, request: LevelOne) {
        let personal = self.sockets.get(&socket).and_then(|entry| entry.connection.personal_space());
        let Some(space_id) = personal else { return };
        let note_id = match &request {
            LevelOne::Join(note_id)
            | LevelOne::Update(note_id, _)
            | LevelOne::Create(note_id, _)
            | LevelOne::Delete(note_id) => *note_id,
            LevelOne::Folder(_) => space_id.library(),
        };
        self.wait(space_id, note_id, Waiting::Ask(socket, user_id.clone(), request));
    }

    /// Rows of a note are to be shown; several waiting become one.
    pub(super) fn show(&mut self, space_id: SpaceId, note_id: NoteId, show: Show) {
        if let Some(queue) = self.notes.get_mut(&(space_id, note_id))
            && let Some(Waiting::Show(last)) = queue.waiting.back_mut()
        {
            last.author = show.author;
            last.timestamp = show.timestamp;
            return;
        }
        self.wait(space_id, note_id, Waiting::Show(show));
    }

    fn wait(&mut self, space_id: SpaceId, note_id: NoteId, waiting: Waiting) {
        match self.notes.get_mut(&(space_id, note_id)) {
            Some(queue) => queue.waiting.push_back(waiting),
            None => {
                self.notes.insert((space_id, note_id), NoteQueue::default());
                self.start(space_id, note_id, waiting);
            }
        }
    }

    fn start(&mut self, space_id: SpaceId, note_id: NoteId, waiting: Waiting) {
        let fresh = self.fresh_peers();
        let (user_id, task) = match waiting {
            Waiting::Ask(socket, user_id, request) => {
                let writer = self.sockets.get(&socket).map(|entry| entry.authors.of(note_id)).unwrap_or_default();
                let note_bytes = self.settings.limits.note_bytes;
                (user_id, Task::Ask { socket, request, writer, note_bytes })
            }
            // In a personal space, the one level 1 sees, whoever writes is its owner.
            Waiting::Show(Show { from, author, timestamp }) => (author.clone(), Task::Show { from, author, timestamp }),
        };
        self.jobs.reads.push(ReadJob::Note(NoteJob { key: NoteKey { user_id, space_id, note_id }, fresh, task }));
    }

    fn fresh_peers(&mut self) -> [PeerId; FRESH_PEERS] {
        [(); FRESH_PEERS].map(|()| {
            let mut bytes = [0; 8];
            (self.random)(&mut bytes);
            PeerId(u64::from_be_bytes(bytes))
        })
    }

    fn next(&mut self, space_id: SpaceId, note_id: NoteId) {
        let next = self.notes.get_mut(&(space_id, note_id)).and_then(|queue| queue.waiting.pop_front());
        match next {
            Some(waiting) => self.start(space_id, note_id, waiting),
            None => {
                self.notes.remove(&(space_id, note_id));
            }
        }
    }

    /// Work on a note is done.
    pub(super) fn note_answered(&mut self, answer: NoteAnswer, now: i64) {
        let NoteAnswer { key, done } = answer;
        match done {
            Done::Asked { socket, result: Ok(worked) } => self.worked(key, socket, worked, now),
            Done::Asked { socket, result: Err(refusal) } => {
                self.turn(socket, Input::LevelOne(LevelOneOutcome::Refused(refusal)), now);
                self.next(key.space_id, key.note_id);
            }
            Done::Shown(Shown { tell, seen }) => {
                self.tell(&key, None, tell, &seen, now);
                self.keep_seen(&key, seen);
                self.next(key.space_id, key.note_id);
            }
            Done::Compacted(folds) => {
                let upkeep = |fold| WriteJob { purpose: Purpose::Upkeep, write: Write::Fold(fold) };
                self.jobs.writes.extend(folds.into_iter().map(upkeep));
            }
        }
    }

    fn keep_seen(&mut self, key: &NoteKey, points: Vec<Vec<u8>>) {
        if points.is_empty() {
            return;
        }
        let NoteKey { user_id, space_id, note_id } = key.clone();
        let write = Write::Seen { user_id, space_id, note_id, points };
        self.jobs.writes.push(WriteJob { purpose: Purpose::Upkeep, write });
    }

    fn worked(&mut self, key: NoteKey, socket: SocketId, mut worked: Box<Worked>, now: i64) {
        let Some((after, change)) = worked.row.take() else {
            self.keep_seen(&key, worked.seen.clone());
            self.speak(&key, socket, *worked, now);
            return self.next(key.space_id, key.note_id);
        };
        let NoteKey { user_id, space_id, note_id } = key;
        let row = RowKey { space_id, note_id, user_id: user_id.clone(), device_id: None };
        let seen = worked.seen.clone();
        let write =
            Write::Row(NewRow { user_id, space_id, note_id, after, request: None, change: change.clone(), seen });
        self.jobs.writes.push(WriteJob { purpose: Purpose::LevelOne { row, change }, write });
        if let Some(queue) = self.notes.get_mut(&(space_id, note_id)) {
            queue.committing = Some((socket, worked));
        }
    }

    /// A level-1 writer's row was committed, or not.
    pub(super) fn level_one_written(
        &mut self,
        row: RowKey,
        change: Change,
        result: Result<Written, WriteError>,
        now: i64,
    ) {
        let RowKey { space_id, note_id, user_id, .. } = row.clone();
        let committing = self.notes.get_mut(&(space_id, note_id)).and_then(|queue| queue.committing.take());
        let Some((socket, mut worked)) = committing else { return };
        match result {
            Ok(Written::Stored { seq, first, rows }) => {
                if let Some(room) = self.rooms.get_mut(&space_id) {
                    room.spoken_for.insert(seq);
                }
                self.fold_if_due(&row, rows);
                self.publish(row, change, (seq, first, now), None, now);
                worked.reply.iter_mut().chain(&mut worked.tell).for_each(|message| stamp(message, now));
                self.speak(&NoteKey { user_id, space_id, note_id }, socket, *worked, now);
            }
            other => {
                let outcome = match other {
                    Ok(Written::Refused(code)) => LevelOneOutcome::Refused(Refusal::new(code).about(note_id)),
                    Err(WriteError::Unknown(_)) => LevelOneOutcome::Unknown,
                    _ => {
                        let refusal = Refusal::new(ErrorCode::Internal).about(note_id).retry_after(5_000);
                        LevelOneOutcome::Refused(refusal)
                    }
                };
                self.turn(socket, Input::LevelOne(outcome), now);
            }
        }
        self.next(space_id, note_id);
    }

    /// Answers the one who asked, and tells the others.
    fn speak(&mut self, key: &NoteKey, socket: SocketId, worked: Worked, now: i64) {
        let Worked { reply, tell, seen, writer, .. } = worked;
        if let Some(entry) = self.sockets.get_mut(&socket) {
            if let Some(writer) = writer {
                entry.authors.wrote(key.note_id, writer);
            }
            if let Some(answered) = seen.last() {
                entry.authors.got(key.note_id, std::slice::from_ref(answered));
            }
        }
        self.turn(socket, Input::LevelOne(LevelOneOutcome::Done(reply.map(Box::new))), now);
        self.tell(key, Some(socket), tell, seen.last().map(std::slice::from_ref).unwrap_or_default(), now);
    }

    fn tell(
        &mut self,
        key: &NoteKey,
        but: Option<SocketId>,
        messages: Vec<stet_protocol::message::level1::ServerMessage>,
        seen: &[Vec<u8>],
        now: i64,
    ) {
        if messages.is_empty() {
            return;
        }
        let room = self.rooms.get(&key.space_id).map(|room| room.sockets.clone()).unwrap_or_default();
        for socket in room.into_iter().filter(|socket| Some(*socket) != but) {
            if let Some(entry) = self.sockets.get_mut(&socket)
                && entry.connection.stage() == Stage::Level1
            {
                entry.authors.got(key.note_id, seen);
            }
        }
        for message in messages {
            self.broadcast_1(key.space_id, but, &Shared::new(message), now);
        }
    }

    /// Asks for a document to be folded when enough rows have come.
    pub(super) fn fold_if_due(&mut self, row: &RowKey, rows: u64) {
        if rows > 0 && rows.is_multiple_of(FOLD_EVERY) {
            let RowKey { space_id, note_id, user_id, .. } = row.clone();
            let fresh = self.fresh_peers();
            let key = NoteKey { user_id, space_id, note_id };
            self.jobs.reads.push(ReadJob::Note(NoteJob { key, fresh, task: Task::Compact }));
        }
    }
}
