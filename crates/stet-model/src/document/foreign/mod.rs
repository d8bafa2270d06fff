//! Taking in whole fields from a writer that knows nothing of operations, without destroying what others wrote: the
//! difference to the version it started from is made there, by a fork, and merged. Never here: which versions a writer
//! may have started from; the caller keeps those.

mod authors;
mod base;
mod rest;

use super::edit::{NoteEdit, Text};
use super::error::{DocumentError, EditError};
use super::merged::Parting;
use super::note::NoteDocument;
use super::version::{Point, Version};
use crate::id::{FolderId, PeerId};
use crate::mutant::{self, Mutant};
use crate::note::NoteFields;
use crate::text::{TextChange, carry_over, difference};
use authors::deletes_others;
use base::{Candidates, fields_at, normal_tags};

/// Whole fields from a foreign writer. An absent one says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForeignText {
    /// The title.
    pub title: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// All tags.
    pub tags: Option<Vec<String>>,
    /// The folder, or none.
    pub folder: Option<Option<FolderId>>,
    /// Starred.
    pub starred: Option<bool>,
    /// Put away.
    pub archived: Option<bool>,
    /// Hidden.
    pub hidden: Option<bool>,
    /// In the trash.
    pub trashed: Option<bool>,
}

/// A version of a note as a writer has it: where each of its parts stands in the history. The parts may stand at
/// different points, since each is merged from a base of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Where its title stands.
    pub title: Point,
    /// Where its body stands.
    pub body: Point,
    /// Where its other fields stand.
    pub fields: Point,
}

impl Seen {
    /// The whole note as it stands at a point: what a writer has after it was sent this.
    pub fn at(point: Point) -> Self {
        Self { title: point.clone(), body: point.clone(), fields: point }
    }

    /// The bytes of it, for keeping; equal values have equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [&self.title, &self.body, &self.fields].map(Point::encode) {
            bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    /// What [`Seen::encode`] made these bytes of.
    ///
    /// # Errors
    /// [`DocumentError::NotAVersion`] for other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut rest = bytes;
        let mut part = || {
            let wrong = DocumentError::NotAVersion { what: "seen version", reason: "it ends too early" };
            let (length, after) = rest.split_first_chunk::<4>().ok_or(wrong.clone())?;
            let (part, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(wrong)?;
            rest = after;
            Point::decode(part)
        };
        Ok(Self { title: part()?, body: part()?, fields: part()? })
    }
}

/// A version the writer may have started from. Give them oldest first, and only those it can still have: one that is
/// certainly older than what it made or confirmed since makes every return to an earlier text look like no change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// Where it stands in the history; `None` when it isn't in this document's history at all: the difference is then
    /// carried over to the text as it stands.
    pub seen: Option<Seen>,
    /// Its title, when at hand; saves reading the history.
    pub title: Option<String>,
    /// Its body, when at hand; saves reading the history.
    pub body: Option<String>,
}

impl Candidate {
    /// A version in the history.
    pub fn at(seen: Seen) -> Self {
        Self { seen: Some(seen), ..Self::default() }
    }

    /// A text that isn't in the history.
    pub fn text(title: impl Into<String>, body: impl Into<String>) -> Self {
        Self { seen: None, title: Some(title.into()), body: Some(body.into()) }
    }
}

/// In whose name the operations are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignAuthor {
    /// The author of this socket's last update to the note ([`MergedForeign::author`]). Taken again where the base
    /// holds all its operations: each new author makes the document dearer for ever.
    pub last: Option<PeerId>,
    /// New random ones, never used before: title, body and fields may each need one.
    pub fresh: [PeerId; 3],
    /// All that ever stood for this writer: deleting their text is deleting one's own.
    pub own: Vec<PeerId>,
}

/// What merging a foreign text did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergedForeign {
    /// Whether anything was written.
    pub changed: bool,
    /// Changes of the title, UTF-16, of the title before.
    pub title: Vec<TextChange>,
    /// Changes of the body, UTF-16, of the body before.
    pub body: Vec<TextChange>,
    /// Whether other fields were written.
    pub fields: bool,
    /// The version the writer has now, without what was merged in: the next candidate. The one sent as the answer
    /// (the document's point afterwards) is another.
    pub made: Candidate,
    /// The versions the writer can still have, oldest first, `made` last: the candidates of its next text, with what is sent
    /// to it meanwhile. Of those that its text can't tell apart each goes on with what the text didn't say.
    pub still_possible: Vec<Seen>,
    /// The author of the last operations written; give it as [`ForeignAuthor::last`] next time.
    pub author: Option<PeerId>,
    /// Where text by others was deleted, one for each of title and body in which it was: keep [`MergedForeign::before`]
    /// as a point of the history, and mark the note with these.
    pub marks: Vec<Parting>,
    /// Where the document stood.
    pub before: Point,
}

/// What is to be done at one place of the history.
struct Work {
    base: Point,
    edits: Vec<NoteEdit>,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Title,
    Body,
    Fields,
}

impl NoteDocument {
    /// Merges whole fields. For each text the base is the candidate (oldest first) whose text is nearest, among equally
    /// near ones the one that deletes less, then the older. With no candidate it is a version of the history, if the text
    /// shares enough with one (80 at most are read), else the text as it stands. A text equal to a candidate changes
    /// nothing, a field equal to the base's writes nothing, tags are added and removed against the base's. Committed at
    /// this time, epoch milliseconds. Large texts take up to 20 ms a candidate: not for an event loop.
    ///
    /// # Errors
    /// [`EditError`] when the library refuses; parts merged before that stay.
    pub fn merge_foreign(
        &mut self,
        foreign: &ForeignText,
        candidates: &[Candidate],
        author: &ForeignAuthor,
        at: i64,
    ) -> Result<MergedForeign, EditError> {
        let foreign = &foreign.normalised();
        let is_known = !candidates.is_empty();
        let candidates = Candidates::read(self, foreign, candidates)?;
        let tags = candidates.tags(self, foreign);
        let possible = if is_known { candidates.still_possible(foreign, &tags) } else { Vec::new() };
        let mut merge = Merge { note: self, author, at, fresh: 0, work: Vec::new(), result: MergedForeign::default() };
        merge.result.before = merge.note.point();
        merge.plan(foreign, &candidates, &tags)?;
        let merged = merge.carry_out()?;
        Ok(MergedForeign { still_possible: gone_on(possible, foreign, merged.made.seen.as_ref()), ..merged })
    }
}

struct Merge<'a> {
    note: &'a mut NoteDocument,
    author: &'a ForeignAuthor,
    at: i64,
    fresh: usize,
    work: Vec<Work>,
    result: MergedForeign,
}

impl ForeignText {
    /// The texts as a note may hold them.
    fn normalised(&self) -> Self {
        let normal = |which: Text, text: &Option<String>| text.as_ref().map(|text| which.normalise(text));
        Self { title: normal(Text::Title, &self.title), body: normal(Text::Body, &self.body), ..self.clone() }
    }
}

impl Merge<'_> {
    fn plan(
        &mut self,
        foreign: &ForeignText,
        candidates: &Candidates,
        tags: &[Option<Vec<String>>],
    ) -> Result<(), EditError> {
        let ForeignText { title, body, .. } = foreign;
        let body_base = body.as_ref().map(|body| candidates.nearest(Text::Body, body));
        let title_base = title
            .as_ref()
            .map(|title| candidates.together(Text::Title, candidates.nearest(Text::Title, title), body_base));
        let fields_base = candidates.of_fields(foreign, (title_base, body_base), tags);

        let [in_title, in_body, in_fields] =
            [title_base, body_base, Some(fields_base)].map(|index| &candidates.0[index.unwrap_or(fields_base)]);
        let seen = |known: &base::Known, point: fn(&Seen) -> &Point| known.seen.as_ref().map(point).cloned();
        let (title_at, body_at) = (seen(in_title, |seen| &seen.title), seen(in_body, |seen| &seen.body));
        let fields_at = seen(in_fields, |seen| &seen.fields);

        self.text(Part::Title, title_at.as_ref(), in_title.text(Text::Title), title.as_deref());
        self.text(Part::Body, body_at.as_ref(), in_body.text(Text::Body), body.as_deref());
        self.fields(foreign, fields_at.as_ref())?;
        let title = title.clone().or_else(|| in_title.title.clone());
        let body = body.clone().or_else(|| in_body.body.clone());
        let seen = title_at.zip(body_at).zip(fields_at);
        self.result.made =
            Candidate { seen: seen.map(|((title, body), fields)| Seen { title, body, fields }), title, body };
        Ok(())
    }

    fn text(&mut self, part: Part, base: Option<&Point>, old: &str, new: Option<&str>) {
        let mut changes = new.map(|new| difference(old, new)).unwrap_or_default();
        if base.is_none() && !changes.is_empty() {
            let now = if part == Part::Title { self.note.title() } else { self.note.body() };
            let theirs = difference(old, &now);
            // What both sides did alike is there already.
            changes.retain(|change| !theirs.contains(change));
            changes = carry_over(&changes, &theirs);
        }
        if !changes.is_empty() {
            let edit = if part == Part::Title { NoteEdit::Title(changes) } else { NoteEdit::Body(changes) };
            self.add(part, base, edit);
        }
    }

    fn fields(&mut self, foreign: &ForeignText, base: Option<&Point>) -> Result<(), EditError> {
        let bare = ForeignText { title: None, body: None, ..foreign.clone() };
        if bare == ForeignText::default() {
            return Ok(());
        }
        let base = base.filter(|_| !mutant::is(Mutant::Level1TagsOverwrite));
        let old = match base {
            // Of a version the history hasn't got only the texts can be at hand.
            Some(base) => match fields_at(self.note, base) {
                Err(DocumentError::UnknownPoint) => self.note.fields(),
                fields => fields?,
            },
            None => self.note.fields(),
        };
        for edit in field_edits(foreign, &old) {
            self.add(Part::Fields, base, edit);
        }
        Ok(())
    }

    fn add(&mut self, part: Part, base: Option<&Point>, edit: NoteEdit) {
        let base = base.unwrap_or(&self.result.before);
        let place = self.work.iter().position(|work| work.base == *base);
        let place = place.unwrap_or_else(|| {
            self.work.push(Work { base: base.clone(), edits: Vec::new(), parts: Vec::new() });
            self.work.len() - 1
        });
        self.work[place].edits.push(edit);
        self.work[place].parts.push(part);
    }

    fn carry_out(mut self) -> Result<MergedForeign, EditError> {
        // What is done at the head comes first, while the head is still where it was.
        let (here, elsewhere): (Vec<Work>, Vec<Work>) =
            std::mem::take(&mut self.work).into_iter().partition(|work| work.base == self.result.before);
        for work in here {
            self.in_place(&work)?;
        }
        for work in elsewhere {
            self.by_fork(&work)?;
        }
        self.result.changed = self.note.point() != self.result.before;
        Ok(self.result)
    }

    fn in_place(&mut self, work: &Work) -> Result<(), EditError> {
        let mine = self.note.replica.peer();
        let author = self.choose(&self.note.head());
        self.note.set_peer(author);
        let done = self.make(work, None);
        self.note.set_peer(mine);
        done
    }

    fn by_fork(&mut self, work: &Work) -> Result<(), EditError> {
        let mut fork = self.note.at(&work.base, self.note.replica.peer())?;
        let base = fork.head();
        fork.set_peer(self.choose(&base));
        self.make(work, Some(&mut fork))?;
        let import = self.note.import(&[&fork.export(&base)])?;
        if work.parts.contains(&Part::Title) {
            self.result.title = import.title;
        }
        if work.parts.contains(&Part::Body) {
            self.result.body = import.body;
        }
        Ok(())
    }

    /// The socket's last author where the base holds all its operations, else a new one.
    fn choose(&mut self, base: &Version) -> PeerId {
        let head = self.note.head();
        let goes_on = |last: &PeerId| base.count(last.0) == head.count(last.0);
        let author = self.result.author.or(self.author.last).filter(goes_on).unwrap_or_else(|| {
            let fresh = self.author.fresh[self.fresh.min(2)];
            self.fresh += 1;
            fresh
        });
        self.result.author = Some(author);
        author
    }

    fn make(&mut self, work: &Work, fork: Option<&mut NoteDocument>) -> Result<(), EditError> {
        let in_place = fork.is_none();
        let note = fork.unwrap_or(self.note);
        for edit in &work.edits {
            // Each text by itself: what was done to the other one with it isn't in question.
            let base = deletes_others(note, edit, self.author)?.then(|| note.point());
            let edited = note.edit(edit, self.at)?;
            let theirs = self.result.before.clone();
            self.result.marks.extend(base.map(|base| Parting { base, mine: note.point(), theirs }));
            if in_place {
                self.result.title.extend(edited.title);
                self.result.body.extend(edited.body);
            }
        }
        let tip = note.point();
        if let Some(seen) = &mut self.result.made.seen {
            for part in &work.parts {
                match part {
                    Part::Title => seen.title = tip.clone(),
                    Part::Body => seen.body = tip.clone(),
                    Part::Fields => seen.fields = tip.clone(),
                }
            }
        }
        self.result.fields |= work.parts.contains(&Part::Fields);
        Ok(())
    }
}

/// What the writer can still have once it has made this: of what it may have started from, the parts it said are its own.
fn gone_on(possible: Vec<(Seen, bool)>, foreign: &ForeignText, made: Option<&Seen>) -> Vec<Seen> {
    let Some(made) = made else { return Vec::new() };
    let mut have: Vec<Seen> = Vec::with_capacity(possible.len() + 1);
    for (mut seen, like) in possible {
        if like {
            let part = |said: bool, part: &mut Point, made: &Point| {
                if said {
                    part.clone_from(made);
                }
            };
            part(foreign.title.is_some(), &mut seen.title, &made.title);
            part(foreign.body.is_some(), &mut seen.body, &made.body);
            part(foreign.tags.is_some(), &mut seen.fields, &made.fields);
        }
        if seen != *made && !have.contains(&seen) {
            have.push(seen);
        }
    }
    have.push(made.clone());
    have
}

fn field_edits(foreign: &ForeignText, old: &NoteFields) -> Vec<NoteEdit> {
    let mut edits = Vec::new();
    let mut flag = |new: Option<bool>, old: bool, edit: fn(bool) -> NoteEdit| {
        edits.extend(new.filter(|new| *new != old).map(edit));
    };
    flag(foreign.starred, old.starred, NoteEdit::Starred);
    flag(foreign.archived, old.archived, NoteEdit::Archived);
    flag(foreign.hidden, old.hidden, NoteEdit::Hidden);
    flag(foreign.trashed, old.trashed, |on| if on { NoteEdit::Trash } else { NoteEdit::Restore });
    edits.extend(foreign.folder.filter(|folder| *folder != old.folder).map(NoteEdit::Folder));
    if let Some(tags) = &foreign.tags {
        let tags = normal_tags(tags);
        edits.extend(tags.iter().filter(|tag| !old.tags.contains(tag)).cloned().map(NoteEdit::AddTag));
        edits.extend(old.tags.iter().filter(|tag| !tags.contains(tag)).cloned().map(NoteEdit::RemoveTag));
    }
    edits
}
