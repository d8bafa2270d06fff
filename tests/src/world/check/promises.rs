//! What the naive model says must be true of what everybody holds: nothing typed is lost, nothing comes back, values are
//! somebody's last, removed is removed, and what nobody removed is there.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::id::{FolderId, NoteId};

use super::content::{Content, Note};
use crate::world::World;
use crate::world::reference::{About, Act, Key, Kind, LEVEL1, Token};

/// What users did to a piece of text.
#[derive(Default)]
pub(super) struct Fate {
    /// Certainly put into these.
    pub(super) put: BTreeSet<NoteId>,
    /// May have been put into these.
    maybe_put: BTreeSet<NoteId>,
    /// May have been put somewhere.
    anywhere: bool,
    /// Certainly deleted whole in these.
    removed: BTreeSet<NoteId>,
    /// May have been deleted, or cut in two.
    pub(super) maybe_gone: bool,
    /// Put there by a level-1 client.
    pub(super) by_level1: bool,
    /// May have been put there again, after it was deleted too.
    again: bool,
    /// Others may stand between its words.
    parted: bool,
}

impl World {
    /// Whether what everybody holds is what the naive model says.
    pub(super) fn check_promises(&self, contents: &[Content]) -> Result<(), String> {
        let shared: BTreeMap<NoteId, &Note> = contents[0].shared().map(|(id, note)| (*id, note)).collect();
        let fates = self.fates();
        let notes = shared.iter().map(|(id, note)| (*id, *note));
        let (doubtful, sure): (BTreeMap<_, _>, _) = notes.partition(|(id, _)| self.reference.is_doubtful(*id));
        self.check_pieces(&sure, &fates)?;
        for (id, note) in doubtful {
            self.check_past(id, note, &fates).map_err(|words| format!("note {id}: {words}"))?;
        }
        for note in self.reference.notes() {
            let words = |words: String| format!("note {note}: {words}");
            match shared.get(&note) {
                Some(found) => {
                    self.check_values(note, found).map_err(words)?;
                    self.check_not_forgotten(note).map_err(words)?;
                }
                None => self.check_gone(note, contents, &fates).map_err(words)?,
            }
        }
        self.check_folders(&contents[0])
    }

    fn fates(&self) -> BTreeMap<Token, Fate> {
        let mut fates: BTreeMap<Token, Fate> = BTreeMap::new();
        let notes = self.reference.notes().into_iter().map(About::Note).chain([About::Unknown]);
        for (about, act) in notes.flat_map(|about| self.reference.acts(about).map(move |(_, act)| (about, act))) {
            let Kind::Text(touched) = &act.kind else { continue };
            for (token, _) in &touched.inserted {
                let fate = fates.entry(*token).or_default();
                fate.by_level1 |= act.device >= LEVEL1;
                match about {
                    About::Note(note) => drop(fate.maybe_put.insert(note)),
                    _ => fate.anywhere = true,
                }
                if let (true, About::Note(note)) = (act.is_certain(), about) {
                    fate.put.insert(note);
                }
            }
            for token in touched.removed.iter().chain(&touched.cut).chain(&touched.again) {
                fates.entry(*token).or_default().maybe_gone = true;
            }
            for token in &touched.again {
                fates.entry(*token).or_default().again = true;
            }
            for token in &touched.parted {
                fates.entry(*token).or_default().parted = true;
            }
            if let (true, About::Note(note)) = (act.is_certain(), about) {
                for token in &touched.removed {
                    fates.entry(*token).or_default().removed.insert(note);
                }
            }
        }
        fates
    }

    /// Every piece nobody deleted is there, once in each note it was put into; what was deleted isn't.
    fn check_pieces(&self, shared: &BTreeMap<NoteId, &Note>, fates: &BTreeMap<Token, Fate>) -> Result<(), String> {
        let mut found: BTreeSet<(Token, NoteId)> = BTreeSet::new();
        for (id, note) in shared {
            for (token, _) in self.reference.tokens.find(&note.text()) {
                let piece = self.reference.tokens.text(token);
                let fate = fates.get(&token);
                if fate.is_some_and(|fate| fate.again) {
                    continue;
                }
                if !found.insert((token, *id)) {
                    return Err(format!("note {id} has {piece} twice: {:?}", note.text()));
                }
                if !fate.is_some_and(|fate| fate.anywhere || fate.maybe_put.contains(id)) {
                    return Err(format!("note {id} has {piece}, which nobody put there"));
                }
                if fate.is_some_and(|fate| fate.removed.contains(id)) {
                    return Err(format!("note {id} has {piece}, which was deleted: {:?}", note.text()));
                }
            }
        }
        for (token, fate) in fates.iter().filter(|(_, fate)| !fate.maybe_gone) {
            let mut put = fate.put.iter().filter(|id| shared.contains_key(id));
            let parted = |id| fate.parted && self.reference.tokens.is_parted_in(*token, &shared[id].text());
            if let Some(id) = put.find(|id| !found.contains(&(*token, **id)) && !parted(*id)) {
                let text = shared.get(id).map(|note| note.text());
                return Err(format!("note {id} has lost {}: {text:?}", self.reference.tokens.text(*token)));
            }
        }
        Ok(())
    }

    fn check_values(&self, id: NoteId, note: &Note) -> Result<(), String> {
        let about = About::Note(id);
        let fields = &note.fields;
        let folder = fields.folder.map(|folder| folder.to_string()).unwrap_or_default();
        let mut values = vec![
            (Key::Starred, fields.starred.to_string(), "false"),
            (Key::Pinned, fields.pinned.to_string(), "false"),
            (Key::Archived, fields.archived.to_string(), "false"),
            (Key::Hidden, fields.hidden.to_string(), "false"),
            (Key::Folder, folder, ""),
        ];
        let tags = self.reference.tags(about);
        if let Some(tag) = fields.tags.iter().find(|tag| !tags.contains(*tag)) {
            return Err(format!("it has the tag {tag}, which nobody gave it"));
        }
        values.extend(tags.into_iter().map(|tag| {
            let on = fields.tags.contains(&tag).to_string();
            (Key::Tag(tag), on, "false")
        }));
        for (key, value, unwritten) in values {
            let possible = self.reference.possible(about, &key);
            let fits = possible.values.contains(&value) || (possible.unwritten && value == unwritten);
            if !fits {
                return Err(format!("{key:?} is {value:?}, and should be {possible:?}"));
            }
        }
        let acts = self.reference.acts(about).map(|(_, act)| act).filter(|act| act.is_certain());
        let settled = acts.filter_map(|act| if let Kind::Settle(key) = &act.kind { Some(key) } else { None });
        if let Some(key) = settled.into_iter().find(|key| note.marks.iter().any(|mark| mark.key == **key)) {
            return Err(format!("its mark {key} was settled, and is there"));
        }
        let (inside, outside) = self.reference.trash(about);
        match fields.trashed {
            true if !inside => {
                Err("it is in the trash, and an edit nobody had seen should have kept it out".to_owned())
            }
            false if !outside => Err("it isn't in the trash, and nobody took it out".to_owned()),
            _ => Ok(()),
        }
    }

    /// A note somebody removed for good, who had seen everything there is, doesn't stay.
    fn check_not_forgotten(&self, note: NoteId) -> Result<(), String> {
        let acts: Vec<&Act> = self.reference.acts(About::Note(note)).map(|(_, act)| act).collect();
        let others = || acts.iter().filter(|act| !matches!(act.kind, Kind::Purge));
        let forgotten = |purge: &&&Act| {
            purge.is_certain() && matches!(purge.kind, Kind::Purge) && others().all(|other| purge.has_seen(other))
        };
        match acts.iter().find(forgotten) {
            Some(purge) => Err(format!("device {} removed it for good, and it is still there", purge.device)),
            None => Ok(()),
        }
    }

    /// A note that isn't there was removed for good, and nobody lost an edit the one who removed it hadn't seen.
    fn check_gone(&self, note: NoteId, contents: &[Content], fates: &BTreeMap<Token, Fate>) -> Result<(), String> {
        let acts: Vec<&Act> = self.reference.acts(About::Note(note)).map(|(_, act)| act).collect();
        let purges: Vec<&&Act> = acts.iter().filter(|act| matches!(act.kind, Kind::Purge)).collect();
        if purges.is_empty() {
            return match acts.iter().any(|act| act.is_certain()) {
                true => Err("it is gone, and nobody removed it".to_owned()),
                false => Ok(()),
            };
        }
        for act in acts.iter().filter(|act| act.is_certain() && !purges.iter().any(|purge| purge.may_have_seen(act))) {
            let Kind::Text(touched) = &act.kind else { continue };
            let kept = contents.get(act.device).and_then(|content| content.notes.get(&note)).map(Note::text);
            for (token, piece) in &touched.inserted {
                let sure = fates.get(token).is_some_and(|fate| !fate.maybe_gone);
                if sure && !kept.as_ref().is_some_and(|text| text.contains(piece)) {
                    let device = act.device;
                    return Err(format!("it was removed for good, and device {device} has lost {piece} with it"));
                }
            }
        }
        Ok(())
    }

    fn check_folders(&self, content: &Content) -> Result<(), String> {
        let acts: Vec<&Act> = self.reference.acts(About::Library).map(|(_, act)| act).collect();
        let exists: BTreeMap<FolderId, &str> =
            content.folders.iter().map(|folder| (folder.id, folder.name.as_str())).collect();
        for (folder, made) in self.reference.folders() {
            let removals: Vec<&&Act> =
                acts.iter().filter(|act| matches!(act.kind, Kind::RemoveFolder(gone) if gone == folder)).collect();
            let moves = || acts.iter().filter(|act| matches!(act.kind, Kind::MoveFolder(moved) if moved == folder));
            let removed = |removal: &Act| removal.is_certain() && moves().all(|moved| removal.has_seen(moved));
            match exists.get(&folder) {
                None if removals.is_empty() && made.is_certain() => {
                    return Err(format!("folder {folder} is gone, and nobody removed it"));
                }
                Some(_) if removals.iter().any(|removal| removed(removal)) => {
                    return Err(format!("folder {folder} was removed, and is still there"));
                }
                Some(name) => {
                    let possible = self.reference.possible(About::Library, &Key::Name(folder));
                    if made.is_certain() && !possible.values.contains(*name) {
                        return Err(format!("folder {folder} is called {name}, and should be {possible:?}"));
                    }
                }
                None => {}
            }
        }
        Ok(())
    }
}
