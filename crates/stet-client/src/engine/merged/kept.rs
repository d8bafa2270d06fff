//! What has to outlive the process: notes whose edits were confirmed before both sides could be compared. From then on they
//! are unsent no more, so nothing else says that this device came back with them. Never the comparison.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stet_model::document::Version;
use stet_model::id::DocKey;
use stet_store::Write;

use super::Away;
use crate::engine::Engine;
use crate::engine::documents::after::After;

/// The store's name for one, followed by space and note.
const AWAY: &str = "away/";

/// [`Away`], as the store keeps it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    known: Vec<u8>,
    mine: Vec<u8>,
    theirs: Vec<u8>,
    sent_at: u64,
}

impl Kept {
    /// Nothing as long as it is unsent: then it is found by that.
    fn of(away: &Away) -> Option<Self> {
        let (known, mine, theirs) = (away.known.encode(), away.mine.encode(), away.theirs.encode());
        Some(Self { known, mine, theirs, sent_at: away.sent_at? })
    }

    fn away(&self) -> Option<Away> {
        let read = |bytes: &[u8]| Version::decode(bytes).ok();
        let (known, mine, theirs) = (read(&self.known)?, read(&self.mine)?, read(&self.theirs)?);
        Some(Away { known, mine, theirs, sent_at: Some(self.sent_at) })
    }
}

fn name(doc: DocKey) -> String {
    format!("{AWAY}{}/{}", doc.space, doc.note)
}

fn named(key: &str) -> Option<DocKey> {
    let (space, note) = key.strip_prefix(AWAY)?.split_once('/')?;
    Some(DocKey { space: space.parse().ok()?, note: note.parse().ok()? })
}

impl Engine {
    /// What a former process had no time to compare.
    pub(in crate::engine) fn remember_away(&mut self, meta: &BTreeMap<String, String>) {
        for (key, json) in meta {
            let Some(doc) = named(key) else { continue };
            let Some(away) = serde_json::from_str::<Kept>(json).ok().as_ref().and_then(Kept::away) else { continue };
            self.merged.kept.insert(doc, json.clone());
            self.merged.away.insert(doc, Some(away));
        }
    }

    /// Has the store know what it has to, with the write that made it so.
    pub(super) fn keep_away(&mut self, doc: DocKey) {
        let away = self.merged.away.get(&doc).and_then(Option::as_ref);
        let json = away.and_then(Kept::of).and_then(|kept| serde_json::to_string(&kept).ok());
        if self.merged.kept.get(&doc) == json.as_ref() {
            return;
        }
        match &json {
            Some(json) => _ = self.merged.kept.insert(doc, json.clone()),
            None => _ = self.merged.kept.remove(&doc),
        }
        self.write(Write::Meta { key: name(doc).into(), value: json }, After::Nothing);
    }

    /// There is nothing to compare of a note any more.
    pub(in crate::engine) fn forget_away(&mut self, doc: DocKey) {
        self.merged.forget_note(doc);
        self.keep_away(doc);
    }
}
