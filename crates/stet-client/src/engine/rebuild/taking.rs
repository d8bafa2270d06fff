//! One document of a rebuild: made anew from its rows, held against what is here, and taken where it differs.

use stet_model::document::{Document, NoteEdit, Version};
use stet_model::id::{DocKey, SpaceId};
use stet_model::note::{content_digest, library_digest};
use stet_model::text::difference;
use stet_protocol::message::level2::Row;
use stet_store::Write;

use super::decide::{Side, Verdict, decide};
use crate::engine::documents::after::After;
use crate::engine::documents::made_of;
use crate::engine::{Engine, Now};

/// A document's rows, and what they make once they were read.
pub(super) struct Fetched {
    pub(super) rows: Vec<Row>,
    /// What the rows make, with the version here that it was held against, while the former text is on its way to the disk.
    pub(super) theirs: Option<(Document, Version)>,
}

impl Engine {
    /// The document is in memory, or can't be: it is held against its rows.
    pub(in crate::engine) fn compare_document(&mut self, doc: DocKey, now: Now) {
        let peer = self.renew_peer();
        let Some(run) = self.rebuild.run.as_mut().filter(|run| run.space == doc.space) else { return };
        let Some(fetched) = run.open.get_mut(&doc.note) else { return };
        let rows = std::mem::take(&mut fetched.rows);
        let last = rows.iter().map(|row| row.seq).max().unwrap_or(0);
        let settled = self.documents.get(doc).is_some_and(|live| {
            let still = live.is_saved() && !live.is_unsent() && live.outstanding == 0 && live.pending.is_empty();
            still && live.held.is_none() && !live.purge_asked && !live.adopting && live.last_seq == last
        });
        if !settled || last == 0 {
            return self.looked_at(doc.note, true);
        }
        self.reading.begin(doc);
        let theirs = made_of(doc, &parts(&rows), peer).ok();
        self.reading.end(doc);
        let (Some(theirs), Some(live)) = (theirs, self.documents.get(doc)) else {
            return self.looked_at(doc.note, true);
        };
        let (here, there) = (side(doc, &live.document), side(doc, &theirs));
        let verdict = decide(&here, &there);
        let Some(run) = &mut self.rebuild.run else { return };
        run.findings.add(doc.note, last, verdict, (&here, &there));
        match verdict {
            Verdict::Same => self.looked_at(doc.note, false),
            Verdict::Send => {
                self.send_again(doc, there.version, now);
                self.looked_at(doc.note, false);
            }
            Verdict::Take { keep } => {
                if let Some(fetched) = run.open.get_mut(&doc.note) {
                    fetched.theirs = Some((theirs, here.version.clone()));
                }
                if keep && !doc.is_library() {
                    self.keep_former(doc, &here, now);
                } else {
                    self.take_theirs(doc, now);
                }
            }
        }
    }

    /// The server lacks what it was taken to have: it gets it.
    fn send_again(&mut self, doc: DocKey, there: Version, now: Now) {
        let Some(live) = self.documents.get_mut(doc) else { return };
        live.known = there;
        let (known, seq, updated_at) = (live.known.encode(), live.last_seq, live.updated_at);
        self.ledger.unsent.insert(doc);
        self.write(Write::Acked { doc, known, seq, unsent: true, updated_at, cursor: None }, After::Touched { doc });
        self.offer(doc, now);
        self.row_changed(doc);
    }

    /// What the document says here goes into a note of its own; only once that is on disk it gives way.
    fn keep_former(&mut self, doc: DocKey, here: &Side, now: Now) {
        let Some(Document::Note(note)) = self.documents.get(doc).map(|live| &live.document) else { return };
        let fields = note.fields();
        let mut edits = vec![NoteEdit::CreatedAt(fields.created_at), NoteEdit::Folder(fields.folder)];
        edits.push(NoteEdit::SetTitle(format!("Recovered: {}", here.title)));
        edits.push(NoteEdit::SetBody(here.body.clone()));
        edits.extend(fields.tags.into_iter().map(NoteEdit::AddTag));
        match self.make_note(&edits, now) {
            Ok(new) => self.after_writes(After::Recovered { doc, new }),
            Err(_) => self.looked_at(doc.note, true),
        }
    }

    /// What the server's rows say takes the place of what is here, unless somebody wrote in it meanwhile.
    pub(in crate::engine) fn take_theirs(&mut self, doc: DocKey, now: Now) {
        let Some(run) = &mut self.rebuild.run else { return };
        let taken = run.open.get_mut(&doc.note).and_then(|fetched| fetched.theirs.take());
        let (Some((theirs, before)), Some(live)) = (taken, self.documents.get_mut(doc)) else {
            return self.looked_at(doc.note, true);
        };
        if live.document.head() != before || !live.is_saved() {
            return self.looked_at(doc.note, true);
        }
        let (title, body) = match (&live.document, &theirs) {
            (Document::Note(mine), Document::Note(theirs)) => {
                (difference(&mine.title(), &theirs.title()), difference(&mine.body(), &theirs.body()))
            }
            _ => (Vec::new(), Vec::new()),
        };
        live.known = theirs.head();
        live.replace(theirs);
        live.signed = false;
        live.adopting = true;
        (live.on_disk, live.queued) = (Version::default(), Version::default());
        self.tell_editors(doc, None, &title, &body);
        self.save(doc, now);
        if doc.is_library() {
            self.read_folders(true);
        }
        self.row_changed(doc);
        self.looked_at(doc.note, false);
    }
}

/// The blobs of these rows.
fn parts(rows: &[Row]) -> Vec<&[u8]> {
    rows.iter().flat_map(|row| row.ops.iter().map(|ops| ops.0.as_slice())).collect()
}

fn side(doc: DocKey, document: &Document) -> Side {
    let version = document.head();
    match document {
        Document::Note(note) => {
            let (title, body) = (note.title(), note.body());
            let digest = content_digest(doc.note, &title, &body, &note.fields());
            Side { version, digest, title, body }
        }
        Document::Library(library) => {
            let space: SpaceId = doc.space;
            let digest = library_digest(space, &library.folders());
            Side { version, digest, title: String::new(), body: String::new() }
        }
    }
}
