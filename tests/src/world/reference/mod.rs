//! The naive model: a list of everything users did, with what each act had seen. It merges nothing and stores nothing;
//! what must be true at the end is read off the list.

pub mod registers;
pub mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use stet_model::document::Version;
use stet_model::id::{FolderId, NoteId};

pub use registers::Key;
pub use tokens::{Token, Tokens, Touched};

/// What an act is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A note.
    Note(NoteId),
    /// A note whose id its maker never learned.
    Unknown,
    /// The folders.
    Library,
}

/// What a user did.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Made a note.
    Create,
    /// Changed a text.
    Text(Touched),
    /// Gave something a value.
    Set(Key, String),
    /// Settled the mark of this name.
    Settle(String),
    /// Removed a note for good, or let go of what was kept of it.
    Purge,
    /// Made a folder.
    MakeFolder(FolderId),
    /// Moved a folder.
    MoveFolder(FolderId),
    /// Removed a folder.
    RemoveFolder(FolderId),
}

/// What is certain of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Asked for, not answered.
    Asked,
    /// The engine has it.
    Applied,
    /// The engine said that it is on the disk.
    Saved,
    /// The process ended before it said so: it may have been saved or not.
    Uncertain,
    /// It was refused: nothing was done.
    Refused,
}

/// Level-1 clients count among the devices from here on.
pub const LEVEL1: usize = 1_000;

/// Names an act.
pub type ActId = usize;

/// One act of a user.
#[derive(Clone, Debug)]
pub struct Act {
    /// On which device.
    pub device: usize,
    /// About what.
    pub about: About,
    /// What.
    pub kind: Kind,
    /// What the device held for certain of this document before.
    pub before: Version,
    /// What it held at most right after; absent when that isn't known.
    pub after: Option<Version>,
    /// What is certain.
    pub state: State,
}

impl Act {
    /// Whether it certainly took place.
    pub const fn is_certain(&self) -> bool {
        matches!(self.state, State::Applied | State::Saved)
    }

    /// Whether it may have taken place.
    pub const fn is_possible(&self) -> bool {
        !matches!(self.state, State::Refused)
    }

    /// Whether whoever did this had certainly seen `other`.
    pub fn has_seen(&self, other: &Self) -> bool {
        other.after.as_ref().is_some_and(|after| self.before.includes(after))
    }

    /// Whether whoever did this may have seen `other`.
    pub fn may_have_seen(&self, other: &Self) -> bool {
        match (&self.after, &other.after) {
            (Some(mine), Some(theirs)) => mine.includes(theirs),
            _ => true,
        }
    }
}

/// A moment in what users did.
#[derive(Clone, Debug, Default)]
pub struct Point {
    acts: usize,
    unsaved: BTreeSet<ActId>,
}

/// Everything users did.
#[derive(Default)]
pub struct Reference {
    acts: Vec<Act>,
    /// Acts that were answered and aren't known to be saved, per device.
    unsaved: BTreeMap<usize, BTreeSet<ActId>>,
    /// Acts that aren't known to have come to the server, per device.
    unsent: BTreeMap<usize, BTreeSet<ActId>>,
    /// Every piece of text ever inserted.
    pub tokens: Tokens,
    /// Notes whose text a level-1 client may have sent.
    guessed: BTreeSet<NoteId>,
    /// Notes of which a mark was settled that showed nothing.
    settled_unseen: BTreeSet<NoteId>,
    /// What a copy of the server's files may lack of what level-1 clients did: acts from then on, and those not confirmed.
    log_copied: Point,
    /// The server went back to a copy.
    restored: bool,
    /// Devices whose files are, or were, in two places.
    copied: BTreeSet<usize>,
    /// Devices that are about to take what the server has.
    giving_up: BTreeSet<usize>,
}

impl Reference {
    /// A user asks for something.
    pub fn ask(&mut self, device: usize, about: About, kind: Kind, before: Version) -> ActId {
        self.acts.push(Act { device, about, kind, before, after: None, state: State::Asked });
        self.unsaved.entry(device).or_default().insert(self.acts.len() - 1);
        self.unsent.entry(device).or_default().insert(self.acts.len() - 1);
        self.acts.len() - 1
    }

    /// An act.
    pub fn act(&self, act: ActId) -> &Act {
        &self.acts[act]
    }

    /// What a device's user certainly did that isn't known to have come to the server.
    pub fn unsent(&mut self, device: usize) -> Vec<ActId> {
        let unsent = self.unsent.entry(device).or_default();
        unsent.retain(|act| !matches!(self.acts[*act].state, State::Uncertain | State::Refused));
        unsent.iter().copied().filter(|act| self.acts[*act].is_certain()).collect()
    }

    /// A device starts, and holds this. Of what it held right after an act, later keystrokes may have gone with the process that
    /// ended; what it said to be saved is there.
    pub fn starts(&mut self, device: usize, holds: impl Fn(About) -> Version) {
        for id in self.unsent(device) {
            let act = &mut self.acts[id];
            let holds = holds(act.about);
            // Of what is gone there is nothing to be held, and who removed it had seen what there was.
            if !holds.is_empty() && !matches!(act.kind, Kind::Purge) {
                act.after = act.after.take().map(|after| if holds.includes(&after) { after } else { holds });
            }
        }
    }

    /// It has come to the server.
    pub fn arrived(&mut self, device: usize, act: ActId) {
        self.unsent.entry(device).or_default().remove(&act);
    }

    /// Whether a device's user may have removed a note for good.
    pub fn may_have_purged(&self, device: usize, note: NoteId) -> bool {
        let purges = |act: &Act| act.device == device && matches!(act.kind, Kind::Purge);
        self.acts(About::Note(note)).any(|(_, act)| purges(act))
    }

    /// The engine has done it, to this, which stands there now.
    pub fn done(&mut self, act: ActId, (about, after): (About, Option<Version>), state: State) {
        let act = &mut self.acts[act];
        (act.about, act.after, act.state) = (about, after, state);
        let device = act.device;
        if act.is_certain() && self.giving_up.contains(&device) {
            act.state = State::Uncertain;
        }
        if !matches!(act.kind, Kind::Purge) {
            return;
        }
        if self.restored {
            self.doubt(about, |_| true);
        } else if self.copied.contains(&device) {
            self.doubt(about, |act| act.device == device);
        }
    }

    /// What was there when a note was removed for good: that adds nothing to it.
    pub fn gone_at(&self, act: ActId) -> Option<Version> {
        let act = &self.acts[act];
        matches!(act.kind, Kind::Purge).then(|| act.before.clone())
    }

    /// What an act is about.
    pub fn about(&self, act: ActId) -> About {
        self.acts[act].about
    }

    /// It may be done or not, whatever the engine says.
    pub fn doubtful(&mut self, act: ActId) {
        self.acts[act].state = State::Uncertain;
    }

    /// A device takes what the server has: what is there alone may go, from now on or until now. `there` tells what the
    /// server holds.
    pub fn gives_up(&mut self, device: usize, begins: bool, there: impl Fn(About, &Version) -> bool) {
        let there = |act: &Act| act.after.as_ref().is_some_and(|after| there(act.about, after));
        for act in self.acts.iter_mut().filter(|act| act.device == device && act.is_certain()) {
            if !there(act) {
                act.state = State::Uncertain;
            }
        }
        match begins {
            true => self.giving_up.insert(device),
            false => self.giving_up.remove(&device),
        };
    }

    /// The engine has refused it.
    pub fn refused(&mut self, act: ActId) {
        self.acts[act].state = State::Refused;
    }

    /// A device says that everything about this is on its disk; `None` for everything there is.
    pub fn saved(&mut self, device: usize, about: Option<About>) {
        let Some(unsaved) = self.unsaved.get_mut(&device) else { return };
        let acts = &mut self.acts;
        unsaved.retain(|act| {
            let act = &mut acts[*act];
            if act.state == State::Applied && about.is_none_or(|about| about == act.about) {
                act.state = State::Saved;
            }
            matches!(act.state, State::Asked | State::Applied)
        });
    }

    /// A device's process has ended, just so.
    pub fn ended(&mut self, device: usize) {
        self.giving_up.remove(&device);
        for act in self.unsaved.remove(&device).unwrap_or_default() {
            let act = &mut self.acts[act];
            if matches!(act.state, State::Asked | State::Applied) {
                act.state = State::Uncertain;
            }
        }
    }

    /// What a copy of a device's files made now may lack: acts from now on, and those not known to be saved.
    pub fn point(&self, device: usize) -> Point {
        Point { acts: self.acts.len(), unsaved: self.unsaved.get(&device).cloned().unwrap_or_default() }
    }

    /// A device's files are in two places: either may have sent what the other doesn't know to be sent. A note that it takes for
    /// its own alone and removes comes back then, as the other has sent it.
    pub fn copied(&mut self, device: usize) {
        self.copied.insert(device);
    }

    /// A device is what it was at a point: what was done there since may be on the server, or nowhere.
    pub fn restored(&mut self, device: usize, point: &Point) {
        self.copied(device);
        for (id, act) in self.acts.iter_mut().enumerate().filter(|(_, act)| act.device == device) {
            if (id >= point.acts || point.unsaved.contains(&id)) && act.state != State::Refused {
                act.state = State::Uncertain;
            }
        }
    }

    /// Whether the server ever went back.
    pub const fn is_restored(&self) -> bool {
        self.restored
    }

    /// Somebody copies the server's files aside.
    pub fn log_copied(&mut self) {
        let asked = self.acts.iter().enumerate().filter(|(_, act)| act.state == State::Asked);
        self.log_copied = Point { acts: self.acts.len(), unsaved: asked.map(|(id, _)| id).collect() };
    }

    /// The server is what it was. A note that was removed for good may come back as it was then: nobody has the rest. Nor may
    /// anybody have what level-1 clients did.
    pub fn log_restored(&mut self) {
        self.restored = true;
        let Point { acts, unsaved } = &self.log_copied;
        let lacks = |id: &ActId| id >= acts || unsaved.contains(id);
        let of_level1 = self.acts.iter_mut().enumerate().filter(|(id, act)| act.device >= LEVEL1 && lacks(id));
        of_level1.filter(|(_, act)| act.is_certain()).for_each(|(_, act)| act.state = State::Uncertain);
        let purges = self.acts.iter().filter(|act| matches!(act.kind, Kind::Purge) && act.is_possible());
        for about in purges.map(|act| act.about).collect::<BTreeSet<_>>() {
            self.doubt(about, |_| true);
        }
    }

    fn doubt(&mut self, about: About, which: impl Fn(&Act) -> bool) {
        for act in self.acts.iter_mut().filter(|act| act.about == about && act.is_certain() && which(act)) {
            act.state = State::Uncertain;
        }
    }

    /// Everything that may have been done about this.
    pub fn acts(&self, about: About) -> impl Iterator<Item = (ActId, &Act)> {
        self.acts.iter().enumerate().filter(move |(_, act)| act.about == about && act.is_possible())
    }

    /// Every note anybody did anything about.
    pub fn notes(&self) -> BTreeSet<NoteId> {
        let note = |act: &Act| match act.about {
            About::Note(note) => Some(note),
            About::Unknown | About::Library => None,
        };
        self.acts.iter().filter_map(note).collect()
    }

    /// A level-1 client sends the whole text of a note.
    pub fn guess(&mut self, note: NoteId) {
        self.guessed.insert(note);
    }

    /// Somebody settles a mark that shows nothing.
    pub fn settle_unseen(&mut self, note: NoteId) {
        self.settled_unseen.insert(note);
    }

    /// Whether a note's pieces may be in its past only: a level-1 client may have sent its text, or nobody saw what was given up.
    pub fn is_doubtful(&self, note: NoteId) -> bool {
        self.guessed.contains(&note) || self.is_settled_unseen(note)
    }

    /// Whether somebody settled a mark of a note that showed nothing.
    pub fn is_settled_unseen(&self, note: NoteId) -> bool {
        self.settled_unseen.contains(&note)
    }

    /// Every folder anybody made, with its maker's act.
    pub fn folders(&self) -> BTreeMap<FolderId, &Act> {
        self.acts
            .iter()
            .filter_map(|act| match act.kind {
                Kind::MakeFolder(folder) => Some((folder, act)),
                _ => None,
            })
            .collect()
    }

    /// How much was done so far.
    pub fn count(&self) -> usize {
        self.acts.len()
    }
}
