//! Lists, counts and search say what the documents say: worked out again in the simplest way. No documents.

use std::collections::{BTreeMap, BTreeSet};

use stet_model::id::{FolderId, NoteId};
use stet_store::{ListQuery, ListView};

use super::content::{Content, Note};
use crate::world::World;
use crate::world::reference::Tokens;

/// Rows asked for at a time: few, so that pages are turned.
const PAGE: u32 = 5;
/// Pieces searched for on each device.
const SEARCHES: usize = 2;

/// Which notes a list has.
type Filter<'a> = Box<dyn Fn(&Note) -> bool + 'a>;

impl World {
    /// Whether lists, counts and search of a device say what its documents say.
    pub(super) fn check_lists(&self, device: usize, content: &Content) -> Result<(), String> {
        let exists: BTreeSet<FolderId> = content.folders.iter().map(|folder| folder.id).collect();
        let shelf = |note: &Note| note.fields.folder.filter(|folder| exists.contains(folder));
        let plain = |note: &Note| !note.fields.trashed && !note.fields.archived;
        let mut views: Vec<(ListView, Filter<'_>)> = vec![
            (ListView::All, Box::new(plain)),
            (ListView::Starred, Box::new(|note| plain(note) && note.fields.starred)),
            (ListView::Unfiled, Box::new(|note| plain(note) && shelf(note).is_none())),
            (ListView::Archived, Box::new(|note| !note.fields.trashed && note.fields.archived)),
            (ListView::Trash, Box::new(|note| note.fields.trashed)),
            (ListView::Unsent, Box::new(|note| note.held.is_some())),
        ];
        let folders = content.folders.iter().map(|folder| folder.id);
        views.extend(folders.map(|id| {
            let filter = move |note: &Note| plain(note) && shelf(note) == Some(id);
            (ListView::Folder(id), Box::new(filter) as Filter<'_>)
        }));
        for (view, filter) in &views {
            let wanted: BTreeSet<NoteId> =
                content.notes.iter().filter(|(_, note)| filter(note)).map(|(id, _)| *id).collect();
            let listed = self.listed(device, view, content, &shelf)?;
            if listed != wanted {
                return Err(format!("{view:?} lists {listed:?}, and should {wanted:?}"));
            }
        }
        self.check_sidebar(device, content, &views.iter().map(|(_, filter)| filter.as_ref()).collect::<Vec<_>>())?;
        self.check_search(device, content)
    }

    fn listed(
        &self,
        device: usize,
        view: &ListView,
        content: &Content,
        shelf: &dyn Fn(&Note) -> Option<FolderId>,
    ) -> Result<BTreeSet<NoteId>, String> {
        let process = self.devices[device].process.as_ref().ok_or("no process")?;
        let mut listed = BTreeSet::new();
        let mut after = None;
        loop {
            let space = process.engine.space();
            let query = ListQuery { space, view: view.clone(), search: String::new(), after, limit: PAGE };
            let page = process.reader.list(&query).map_err(|error| error.to_string())?;
            for row in page.rows {
                let note = content.notes.get(&row.note).ok_or(format!("{view:?} lists {row:?}, which isn't there"))?;
                let fields = &note.fields;
                let row_says = (&row.fields.title, row.fields.folder, row.fields.starred, row.fields.pinned);
                let same = row_says == (&note.title, shelf(note), fields.starred, fields.pinned)
                    && (row.fields.archived, row.fields.trashed) == (fields.archived, fields.trashed)
                    && row.fields.tags == fields.tags
                    && row.fields.merged as usize == note.marks.len()
                    && row.unsent == note.held.is_some()
                    && row.held == note.held;
                if !same || !listed.insert(row.note) {
                    return Err(format!("{view:?} says {row:?}, and the note {note:?}"));
                }
            }
            after = page.next;
            if after.is_none() {
                let total = usize::try_from(page.total).unwrap_or_default();
                return if total == listed.len() { Ok(listed) } else { Err(format!("{view:?} counts {total}")) };
            }
        }
    }

    fn check_sidebar(
        &self,
        device: usize,
        content: &Content,
        filters: &[&dyn Fn(&Note) -> bool],
    ) -> Result<(), String> {
        let process = self.devices[device].process.as_ref().ok_or("no process")?;
        let sidebar = process.reader.sidebar(process.engine.space()).map_err(|error| error.to_string())?;
        let count = |filter: &&dyn Fn(&Note) -> bool| content.notes.values().filter(|note| filter(note)).count() as u32;
        let counts: Vec<u32> = filters.iter().map(count).collect();
        let (views, folders) = counts.split_at(sidebar.counts.len());
        let shown: Vec<u32> = sidebar.folders.iter().map(|(_, count)| *count).collect();
        if views != sidebar.counts || folders != shown {
            return Err(format!("the sidebar counts {:?} {shown:?}, and there are {counts:?}", sidebar.counts));
        }
        let rows = sidebar.folders.iter().map(|(row, _)| (row.id, row.name.clone(), row.parent, row.depth));
        let wanted = content.folders.iter().map(|row| (row.id, row.name.clone(), row.parent, row.depth));
        if !rows.eq(wanted) {
            return Err(format!("the sidebar has {:?}, and the library {:?}", sidebar.folders, content.folders));
        }
        let mut tags: BTreeMap<String, u32> = BTreeMap::new();
        for note in content.notes.values().filter(|note| filters.first().is_some_and(|plain| plain(note))) {
            note.fields.tags.iter().for_each(|tag| *tags.entry(tag.clone()).or_default() += 1);
        }
        let shown: BTreeMap<String, u32> = sidebar.tags.iter().filter(|(_, count)| *count > 0).cloned().collect();
        if tags == shown { Ok(()) } else { Err(format!("the sidebar has the tags {shown:?}, and the notes {tags:?}")) }
    }

    fn check_search(&self, device: usize, content: &Content) -> Result<(), String> {
        let process = self.devices[device].process.as_ref().ok_or("no process")?;
        let plain = content.notes.iter().filter(|(_, note)| !note.fields.trashed && !note.fields.archived);
        let pieces = plain.filter_map(|(id, note)| Some((*id, self.reference.tokens.find(&note.text()).pop()?.0)));
        for (note, token) in pieces.take(SEARCHES) {
            let (space, search) = (process.engine.space(), Tokens::name(token));
            let query = ListQuery { space, view: ListView::All, search, after: None, limit: PAGE };
            let page = process.reader.list(&query).map_err(|error| error.to_string())?;
            let found: Vec<NoteId> = page.rows.iter().map(|row| row.note).collect();
            if !found.contains(&note) {
                return Err(format!("a search for {:?} finds {found:?} and not {note}", query.search));
            }
        }
        Ok(())
    }
}
