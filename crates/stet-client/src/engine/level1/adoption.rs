//! Documents that came through a level-1 server and meet a level-2 one: their histories are two, and put together they
//! would hold every text twice. So the server's document is taken, and what was written here since is applied to it.

use rand_chacha::rand_core::Rng;
use stet_model::document::{Candidate, Document, ForeignAuthor, ForeignText, NoteDocument, Seen, Version};
use stet_model::id::{DocKey, PeerId};
use stet_model::text::difference;
use stet_store::Write;

use crate::api::ErrorCode;
use crate::api::status::StatusError;
use crate::engine::documents::after::After;
use crate::engine::documents::live::PendingRow;
use crate::engine::{Engine, Now, Occasion, Output};

/// Versions of the server's document that this device's text may have started from, when none was ever confirmed.
const STARTS: usize = 16;

impl Engine {
    /// The document goes through level 1 from now on. Folders have ids of their own, so their trees can be put together.
    pub(in crate::engine) fn set_apart(&mut self, doc: DocKey) {
        if !doc.is_library() && self.ledger.apart.insert(doc) {
            self.copied_apart = false;
            self.write(Write::Apart { doc, apart: true }, After::Nothing);
        }
    }

    /// Whether these notes belong to an account of a level-2 server, which keeps a log.
    fn is_bound_to_a_log(&self) -> bool {
        self.binding.as_ref().is_some_and(|binding| binding.store_id.is_some())
    }

    /// Whether the server's history of this document is another one.
    pub(in crate::engine) fn is_apart(&self, doc: DocKey) -> bool {
        self.ledger.apart.contains(&doc) && self.is_bound_to_a_log()
    }

    /// Everything that came through level 1 waits for the server's side, and counts as unsent until it is known.
    pub(in crate::engine) fn await_adoption(&mut self) {
        if self.is_bound_to_a_log() {
            self.ledger.unsent.extend(&self.ledger.apart);
        }
    }

    /// The server's log is here: what it has of each document is all there is.
    pub(in crate::engine) fn adopt_all(&mut self) {
        if !self.is_bound_to_a_log() || self.ledger.apart.is_empty() {
            return;
        }
        if self.copied_apart {
            let waiting: Vec<_> = self.ledger.apart.iter().copied().collect();
            waiting.into_iter().for_each(|doc| self.documents.queue_import(doc));
        } else {
            self.outputs.push(Output::Copy(Occasion::Adoption));
        }
    }

    /// A copy of everything as it was was made, or why there is none. Without one nothing is taken, until it can be made
    /// after another catch-up.
    pub(in crate::engine) fn copied_for_adopting(&mut self, failed: Option<String>) {
        match failed {
            None => {
                self.copied_apart = true;
                self.adopt_all();
            }
            Some(words) => {
                let message = format!(
                    "Notes that came from the former server are put together with this one's once a copy of them is made, \
                     and it can't be: {words} Stet tries again with the next connection."
                );
                self.went_wrong(StatusError { code: ErrorCode::Storage, message, note_id: None });
            }
        }
    }

    /// Rows of a document that is apart are for [`Engine::adopt`], once all are here.
    pub(in crate::engine) fn import_apart(&mut self, doc: DocKey, rows: Vec<PendingRow>, now: Now) {
        let complete = self.device.is_caught_up(doc.space) && self.copied_apart;
        let Some(live) = self.documents.get_mut(doc) else { return };
        if !complete || live.adopting {
            live.pending = rows;
            return;
        }
        if rows.is_empty() {
            return self.introduce(doc, now);
        }
        if let Err(reason) = self.adopt(doc, &rows, now) {
            if let Some(live) = self.documents.get_mut(doc) {
                live.pending = rows;
            }
            self.set_aside(doc, "damaged", &reason, now);
        }
    }

    /// The server has never heard of the document: it gets ours as it is.
    fn introduce(&mut self, doc: DocKey, now: Now) {
        let Some(live) = self.documents.get_mut(doc) else { return };
        live.known = Version::default();
        let known = live.known.encode();
        self.ledger.apart.remove(&doc);
        self.write(Write::Apart { doc, apart: false }, After::Nothing);
        self.write(
            Write::Acked { doc, known, seq: 0, unsent: true, updated_at: 0, cursor: None },
            After::Touched { doc },
        );
        self.offer(doc, now);
    }

    /// Takes the server's document and applies what was written here.
    fn adopt(&mut self, doc: DocKey, rows: &[PendingRow], now: Now) -> Result<(), String> {
        let (peer, at) = (self.renew_peer(), self.commit_time(now));
        let fresh = [(); 3].map(|()| PeerId(self.random.next_u64()));
        let Some(live) = self.documents.get_mut(doc) else { return Ok(()) };
        let Document::Note(mine) = &live.document else { return Ok(()) };
        let (mut theirs, starts) = rebuild(rows, peer)?;
        let known = theirs.head();
        let confirmed = (!live.known.is_empty()).then(|| mine.past(&live.known)).transpose();
        let confirmed = confirmed.map_err(|error| error.to_string())?;
        let foreign = written_here(mine, confirmed.as_ref(), &theirs);
        let candidates = match &confirmed {
            Some(base) => vec![Candidate::text(base.title(), base.body())],
            None => starts,
        };
        let author = ForeignAuthor { last: None, fresh, own: Vec::new() };
        theirs.merge_foreign(&foreign, &candidates, &author, at).map_err(|error| error.to_string())?;
        let title = difference(&mine.title(), &theirs.title());
        let body = difference(&mine.body(), &theirs.body());
        let last = rows.last().map_or((0, 0), |row| (row.seq, row.timestamp));
        live.replace(Document::Note(theirs));
        live.signed = false;
        live.adopting = true;
        live.known = known;
        live.last_seq = live.last_seq.max(last.0);
        live.updated_at = live.updated_at.max(last.1);
        (live.on_disk, live.queued) = (Version::default(), Version::default());
        self.tell_editors(doc, None, &title, &body);
        self.save(doc, now);
        self.row_changed(doc);
        Ok(())
    }

    /// Writes a document that was made anew, whole.
    pub(in crate::engine) fn save_adopted(&mut self, doc: DocKey) {
        let Some(live) = self.documents.get_mut(doc) else { return };
        let head = live.document.head();
        live.writing = true;
        live.queued = head.clone();
        live.log_entries = 0;
        let (unsent, row, bytes) = (live.is_unsent(), live.row(), live.document.snapshot());
        let (known, seq, updated_at) = (live.known.encode(), live.last_seq, live.updated_at);
        self.ledger.unsaved.insert(doc);
        if !doc.is_library() {
            self.index.add(doc);
        }
        if !unsent {
            self.ledger.unsent.remove(&doc);
        }
        self.write(
            Write::Imported { doc, seq, head: head.encode(), known, unsent, row, updated_at },
            After::Touched { doc },
        );
        self.write(Write::Replaced { doc, bytes }, After::Nothing);
        self.write(Write::Apart { doc, apart: false }, After::Adopted { doc, head });
        self.report.everything_changed();
    }

    /// A document that was made anew is on disk.
    pub(in crate::engine) fn adopted(&mut self, doc: DocKey) {
        self.ledger.apart.remove(&doc);
        if let Some(live) = self.documents.get_mut(doc) {
            live.adopting = false;
        }
    }
}

/// The server's document, and the versions it had row by row, oldest first.
fn rebuild(rows: &[PendingRow], peer: PeerId) -> Result<(NoteDocument, Vec<Candidate>), String> {
    let mut theirs = NoteDocument::new(peer);
    let mut starts = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let parts: Vec<&[u8]> = row.ops.iter().map(Vec::as_slice).collect();
        let import = theirs.import(&parts).map_err(|error| error.to_string())?;
        if import.pending {
            return Err("a part of it hasn't arrived yet".to_owned());
        }
        if index < STARTS || index + 1 == rows.len() {
            starts.push(Candidate::at(Seen::at(theirs.point())));
        }
    }
    Ok((theirs, starts))
}

/// What this device wrote since the server last confirmed something; everything, when it never did. Tags are those the
/// server has, with what was added and without what was removed here.
fn written_here(mine: &NoteDocument, confirmed: Option<&NoteDocument>, theirs: &NoteDocument) -> ForeignText {
    let base = confirmed.map(|base| (base.title(), base.body(), base.fields()));
    let (now, there) = (mine.fields(), theirs.fields());
    let (title, body) = (mine.title(), mine.body());
    let mut foreign = ForeignText {
        title: Some(title),
        body: Some(body),
        tags: Some(now.tags.clone()),
        folder: Some(now.folder),
        starred: Some(now.starred),
        archived: Some(now.archived),
        hidden: Some(now.hidden),
        trashed: Some(now.trashed),
    };
    let Some((title, body, old)) = base else { return foreign };
    foreign.title.take_if(|now| *now == title);
    foreign.body.take_if(|now| *now == body);
    foreign.folder.take_if(|folder| *folder == old.folder);
    foreign.starred.take_if(|on| *on == old.starred);
    foreign.archived.take_if(|on| *on == old.archived);
    foreign.hidden.take_if(|on| *on == old.hidden);
    foreign.trashed.take_if(|on| *on == old.trashed);
    let kept = there.tags.into_iter().filter(|tag| now.tags.contains(tag) || !old.tags.contains(tag));
    let added = now.tags.iter().filter(|tag| !old.tags.contains(tag)).cloned();
    foreign.tags = Some(kept.chain(added).collect());
    foreign
}
