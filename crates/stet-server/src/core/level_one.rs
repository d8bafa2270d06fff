//! Level-1 requests and what level 1 is shown, one note at a time: while one thing is done with a note, the next waits.
//! What is done with the text is the façade's. Never text.

use std::collections::VecDeque;

use stet_model::id::{NoteId, PeerId, SpaceId, UserId};
use stet_protocol::message::ErrorCode;
use stet_protocol::message::level1::ServerMessage;
use stet_sync::server::{Change, Input, LevelOne, LevelOneOutcome, Now, Refusal, Shared, Stage};

use super::SocketId;
use super::hub::Hub;
use super::job::{Purpose, ReadJob, RowKey, WriteJob};
use crate::database::{NewRow, Write, WriteError, Written};
use crate::level_one::{Done, FRESH_PEERS, NoteAnswer, NoteJob, NoteKey, Shown, Task, Worked, stamp};

/// What waits for its turn at one note.
#[derive(Debug, Default)]
pub(super) struct NoteQueue {
    waiting: VecDeque<Waiting>,
    /// What is said once its row, or at least what its readers will have seen, is on disk.
    pending: Option<Pending>,
}

/// What is to be said about a note.
#[derive(Debug)]
enum Pending {
    /// To the socket that asked, and to the others.
    Answer(SocketId, Box<Worked>),
    /// To all.
    Show(Shown),
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
    /// Whether the note begins with them.
    pub(super) first: bool,
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
            Waiting::Show(Show { from, author, timestamp, first }) => {
                (author.clone(), Task::Show { from, author, timestamp, first })
            }
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
    pub(super) fn note_answered(&mut self, answer: NoteAnswer, now: Now) {
        let NoteAnswer { key, done } = answer;
        match done {
            Done::Asked { socket, result: Ok(worked) } => self.worked(key, socket, worked, now),
            Done::Asked { socket, result: Err(refusal) } => {
                self.turn(socket, Input::LevelOne(LevelOneOutcome::Refused(refusal)), now);
                self.next(key.space_id, key.note_id);
            }
            Done::Shown(shown) => {
                let seen = shown.seen.clone();
                self.say_after_noting(key, seen, Pending::Show(shown), now);
            }
            Done::Compacted(folds) => {
                let upkeep = |fold| WriteJob { purpose: Purpose::Upkeep, write: Write::Fold(fold) };
                self.jobs.writes.extend(folds.into_iter().map(upkeep));
            }
        }
    }

    /// Notes versions on disk and then says something: what a reader makes of them may come at once, from anywhere.
    fn say_after_noting(&mut self, key: NoteKey, points: Vec<Vec<u8>>, pending: Pending, now: Now) {
        if points.is_empty() {
            self.say(&key, pending, now);
            return self.next(key.space_id, key.note_id);
        }
        let NoteKey { user_id, space_id, note_id } = key.clone();
        let write = Write::Seen { user_id, space_id, note_id, points };
        self.write_note(key, None, write, pending);
    }

    fn write_note(&mut self, key: NoteKey, change: Option<Change>, write: Write, pending: Pending) {
        if let Some(queue) = self.notes.get_mut(&(key.space_id, key.note_id)) {
            queue.pending = Some(pending);
        }
        self.jobs.writes.push(WriteJob { purpose: Purpose::Note { key, change }, write });
    }

    fn worked(&mut self, key: NoteKey, socket: SocketId, mut worked: Box<Worked>, now: Now) {
        let seen = worked.seen.clone();
        let Some((after, change)) = worked.row.take() else {
            return self.say_after_noting(key, seen, Pending::Answer(socket, worked), now);
        };
        let NoteKey { user_id, space_id, note_id } = key.clone();
        let row = NewRow { user_id, space_id, note_id, after, request: None, change: change.clone(), seen };
        self.write_note(key, Some(change), Write::Row(row), Pending::Answer(socket, worked));
    }

    fn say(&mut self, key: &NoteKey, pending: Pending, now: Now) {
        match pending {
            Pending::Answer(socket, worked) => self.speak(key, socket, *worked, now),
            Pending::Show(Shown { tell, seen }) => self.tell(key, None, (tell, &seen), now),
        }
    }

    /// A level-1 writer's row, or what level 1 has seen, was committed, or not.
    pub(super) fn note_written(
        &mut self,
        key: NoteKey,
        change: Option<Change>,
        result: Result<Written, WriteError>,
        now: Now,
    ) {
        let NoteKey { user_id, space_id, note_id } = key.clone();
        let pending = self.notes.get_mut(&(space_id, note_id)).and_then(|queue| queue.pending.take());
        let Some(mut pending) = pending else { return };
        match (result, change) {
            (Ok(Written::Stored { seq, first, rows }), Some(change)) => {
                if let Some(room) = self.rooms.get_mut(&space_id) {
                    room.spoken_for.insert(seq);
                }
                let row = RowKey { space_id, note_id, user_id, device_id: None };
                self.fold_if_due(&row, rows, now);
                self.publish(row, change, (seq, first, now), None);
                if let Pending::Answer(_, worked) = &mut pending {
                    worked.reply.iter_mut().chain(&mut worked.tell).for_each(|message| stamp(message, now.wall));
                }
                self.say(&key, pending, now);
            }
            (Ok(Written::Noted), _) => self.say(&key, pending, now),
            (other, _) => {
                // What can't be noted isn't shown either; the next change of the note shows everything.
                if let Pending::Answer(socket, _) = pending {
                    self.turn(socket, Input::LevelOne(not_done(note_id, &other)), now);
                }
                if matches!(other, Err(WriteError::Unknown(_))) {
                    self.send_away(space_id, now);
                }
            }
        }
        self.next(space_id, note_id);
    }

    /// Answers the one who asked, and tells the others.
    fn speak(&mut self, key: &NoteKey, socket: SocketId, worked: Worked, now: Now) {
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
        let seen = seen.last().map(std::slice::from_ref).unwrap_or_default();
        self.tell(key, Some(socket), (tell, seen), now);
    }

    fn tell(
        &mut self,
        key: &NoteKey,
        but: Option<SocketId>,
        (messages, seen): (Vec<ServerMessage>, &[Vec<u8>]),
        now: Now,
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

    /// Asks for a document to be folded when enough rows have come; fewer are when it has come to rest.
    pub(super) fn fold_if_due(&mut self, row: &RowKey, rows: u64, now: Now) {
        let RowKey { space_id, note_id, user_id, .. } = row.clone();
        let key = NoteKey { user_id, space_id, note_id };
        if rows > 0 && rows.is_multiple_of(self.settings.fold_every.max(2)) {
            self.resting.forget((space_id, note_id));
            self.fold(key);
        } else if self.settings.fold_every < u64::MAX {
            self.resting.written(key, rows, now.mono);
        }
    }

    pub(super) fn fold(&mut self, key: NoteKey) {
        let fresh = self.fresh_peers();
        self.jobs.reads.push(ReadJob::Note(NoteJob { key, fresh, task: Task::Compact }));
    }
}

fn not_done(note_id: NoteId, result: &Result<Written, WriteError>) -> LevelOneOutcome {
    match result {
        Ok(Written::Refused(code)) => LevelOneOutcome::Refused(Refusal::new(*code).about(note_id)),
        Err(WriteError::Unknown(_)) => LevelOneOutcome::Unknown,
        _ => LevelOneOutcome::Refused(Refusal::new(ErrorCode::Internal).about(note_id).retry_after(5_000)),
    }
}
