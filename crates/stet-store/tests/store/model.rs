//! Random writes against a naive model of the store: documents, pages, counts, the unsent queue.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stet_store::{Held, ListQuery, ListRow, ListView, RowFields, Write};

use crate::stage::*;

const NOTES: u8 = 8;
const FOLDERS: u8 = 3;

#[derive(Clone, Debug, Default)]
struct Doc {
    born: usize,
    log: Vec<(Vec<u8>, bool, Option<u64>)>,
    snapshot: bool,
    head: Vec<u8>,
    last_seq: u64,
    unsent: bool,
    asked: bool,
    purged: bool,
    held: Option<Held>,
    updated_at: i64,
    at: i64,
    row: Option<RowFields>,
    indexed: Option<Vec<u8>>,
}

#[derive(Default)]
struct Model {
    docs: BTreeMap<u8, Doc>,
    folders: Vec<u8>,
    cursor: Option<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Local { n: u8, at: u8, unsent: bool, row: RowFields },
    Remote { n: u8, seq: u64, cursor: bool },
    Imported { n: u8, seq: u64, unsent: bool, row: RowFields },
    Acked { n: u8, seq: u64, unsent: bool },
    Snapshot { n: u8 },
    Held { n: u8, held: bool },
    Purged { n: u8, seq: u64 },
    Asked { n: u8, asked: bool },
    Index { n: u8 },
    Folders(Vec<u8>),
    Reopen,
}

impl Model {
    fn living(&mut self, n: u8) -> Option<&mut Doc> {
        self.docs.get_mut(&n).filter(|doc| !doc.purged)
    }

    fn make(&mut self, n: u8) -> &mut Doc {
        let born = self.docs.len();
        self.docs.entry(n).or_insert_with(|| Doc { born, ..Doc::default() })
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Local { n, at, unsent, row } => {
                let doc = self.make(*n);
                if !doc.purged {
                    doc.log.push((vec![*n, *at], true, None));
                    (doc.head, doc.unsent, doc.at) = (vec![*at], *unsent, i64::from(*at));
                    (doc.row, doc.indexed) = (Some(row.clone()), None);
                }
            }
            Step::Remote { n, seq, cursor } => {
                let doc = self.make(*n);
                // What was removed before the log had heard of it, and the log has now.
                doc.purged &= doc.last_seq > 0 || doc.asked;
                if !doc.purged {
                    if doc.log.iter().all(|entry| entry.2 != Some(*seq)) {
                        doc.log.push((vec![*n], false, Some(*seq)));
                    }
                    doc.last_seq = doc.last_seq.max(*seq);
                }
                if *cursor {
                    self.cursor = Some(*seq);
                }
            }
            Step::Imported { n, seq, unsent, row } => {
                if let Some(doc) = self.living(*n) {
                    doc.log.iter_mut().filter(|entry| entry.2.is_some_and(|s| s <= *seq)).for_each(|e| e.1 = true);
                    doc.head = vec![u8::try_from(*seq).unwrap()];
                    doc.synced(*seq, *unsent);
                    (doc.row, doc.indexed) = (Some(row.clone()), None);
                }
            }
            Step::Acked { n, seq, unsent } => {
                self.cursor = Some(*seq);
                if let Some(doc) = self.living(*n) {
                    doc.synced(*seq, *unsent);
                }
            }
            Step::Snapshot { n } => {
                if let Some(doc) = self.living(*n) {
                    doc.snapshot = true;
                    doc.log.retain(|entry| !entry.1);
                }
            }
            Step::Held { n, held: is } => {
                if let Some(doc) = self.living(*n) {
                    doc.hold(*is);
                }
            }
            Step::Purged { n, seq } => {
                let doc = self.make(*n);
                let asked = doc.asked && *seq == 0;
                let (born, last_seq, at) = (doc.born, doc.last_seq.max(*seq), doc.at);
                *doc = Doc { born, last_seq, at, asked, purged: true, updated_at: doc.updated_at, ..Doc::default() };
            }
            Step::Asked { n, asked } => {
                if let Some(doc) = self.docs.get_mut(n) {
                    doc.asked = *asked;
                }
            }
            Step::Index { n } => {
                if let Some(doc) = self.living(*n).filter(|doc| doc.row.is_some()) {
                    doc.indexed = Some(doc.head.clone());
                }
            }
            Step::Folders(folders) => self.folders.clone_from(folders),
            Step::Reopen => {}
        }
    }

    fn has_folder(&self, row: &RowFields) -> bool {
        row.folder.is_some_and(|f| self.folders.contains(&f.as_bytes()[0]))
    }

    fn listed(&self, view: &ListView) -> Vec<u8> {
        let mut rows: Vec<(u8, &Doc, &RowFields)> =
            self.docs.iter().filter_map(|(n, doc)| Some((*n, doc, doc.row.as_ref()?))).collect();
        rows.retain(|(_, doc, row)| {
            let live = !row.archived && !row.trashed && !doc.asked;
            match view {
                ListView::All => live,
                ListView::Starred => live && row.starred,
                ListView::Unfiled => live && !self.has_folder(row),
                ListView::Archived => row.archived && !row.trashed && !doc.asked,
                ListView::Trash => row.trashed && !doc.asked,
                ListView::Unsent => doc.unsent || doc.asked || doc.held.is_some(),
                ListView::Folder(id) => live && self.has_folder(row) && row.folder == Some(*id),
                ListView::Tag(tag) => live && row.tags.contains(tag),
            }
        });
        rows.sort_by_key(|(_, doc, row)| (row.pinned, doc.unsent || doc.asked, doc.at, doc.born));
        rows.into_iter().rev().map(|(n, ..)| n).collect()
    }
}

impl Doc {
    fn hold(&mut self, is: bool) {
        self.held = is.then(held);
        if is && self.row.is_none() {
            self.row = Some(RowFields::default());
            if self.at == 0 {
                self.at = self.log.iter().filter_map(|entry| entry.2).max().unwrap_or(0) as i64 * 10;
            }
        }
    }

    fn synced(&mut self, seq: u64, unsent: bool) {
        let time = i64::try_from(seq).unwrap() * 10;
        self.updated_at = if seq >= self.last_seq { time } else { self.updated_at.max(time) };
        self.last_seq = self.last_seq.max(seq);
        self.unsent = unsent;
        if !unsent {
            self.at = self.updated_at;
        }
    }
}

fn row() -> impl Strategy<Value = RowFields> {
    let tags = prop::collection::btree_set("[ab]", 0..3);
    (prop::option::of(0..FOLDERS), any::<[bool; 4]>(), tags, "[a-c]{0,2}").prop_map(|(place, flags, tags, title)| {
        let [starred, pinned, archived, trashed] = flags;
        let folder = place.map(folder);
        RowFields {
            title,
            folder,
            starred,
            pinned,
            archived,
            trashed,
            tags: tags.into_iter().collect(),
            ..RowFields::default()
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..NOTES;
    let seq = 1..12_u64;
    prop_oneof![
        6 => (n.clone(), 0..40_u8, prop::bool::weighted(0.7), row()).prop_map(|(n, at, unsent, row)| Step::Local { n, at, unsent, row }),
        4 => (n.clone(), seq.clone(), any::<bool>()).prop_map(|(n, seq, cursor)| Step::Remote { n, seq, cursor }),
        4 => (n.clone(), seq.clone(), any::<bool>(), row()).prop_map(|(n, seq, unsent, row)| Step::Imported { n, seq, unsent, row }),
        4 => (n.clone(), seq, any::<bool>()).prop_map(|(n, seq, unsent)| Step::Acked { n, seq, unsent }),
        2 => n.clone().prop_map(|n| Step::Snapshot { n }),
        2 => (n.clone(), any::<bool>()).prop_map(|(n, held)| Step::Held { n, held }),
        1 => (n.clone(), 0..12_u64).prop_map(|(n, seq)| Step::Purged { n, seq }),
        2 => (n.clone(), any::<bool>()).prop_map(|(n, asked)| Step::Asked { n, asked }),
        2 => n.prop_map(|n| Step::Index { n }),
        2 => prop::collection::btree_set(0..FOLDERS, 0..3).prop_map(|f| Step::Folders(f.into_iter().collect())),
        1 => Just(Step::Reopen),
    ]
}

fn write(step: &Step, model: &Model) -> Option<Write> {
    Some(match step.clone() {
        // Refused by the store; see the tests of single writes.
        Step::Local { n, .. } if model.docs.get(&n).is_some_and(|doc| doc.purged) => return None,
        Step::Local { n, at, unsent, row } => {
            Write::Local { doc: doc(n), delta: vec![n, at], head: vec![at], unsent, row: Some(row), at: i64::from(at) }
        }
        Step::Remote { n, seq, cursor } => remote(vec![remote_row(n, seq, &[n])], cursor.then_some(seq)),
        Step::Imported { n, seq, unsent, row } => {
            let head = vec![u8::try_from(seq).unwrap()];
            let updated_at = i64::try_from(seq).unwrap() * 10;
            Write::Imported { doc: doc(n), seq, head, known: vec![], unsent, row: Some(row), updated_at }
        }
        Step::Acked { n, seq, unsent } => acked(n, seq, unsent),
        Step::Snapshot { n } => Write::Snapshot { doc: doc(n), bytes: vec![n], through: i64::MAX },
        Step::Held { n, held: is } => Write::Held { doc: doc(n), held: is.then(held) },
        Step::Purged { n, seq } => Write::Purged { doc: doc(n), seq, cursor: None },
        Step::Asked { n, asked } => Write::PurgeAsked { doc: doc(n), asked },
        Step::Index { n } => {
            let head = model.docs.get(&n).map(|doc| doc.head.clone()).unwrap_or_default();
            Write::Index { doc: doc(n), head, title: "indexed".to_owned(), body: String::new(), content: 0 }
        }
        Step::Folders(folders) => Write::Folders {
            space: SPACE,
            folders: folders.iter().map(|n| folder_named(*n, "f")).collect(),
            content: 0,
        },
        Step::Reopen => return None,
    })
}

fn views() -> Vec<ListView> {
    let mut views = vec![
        ListView::All,
        ListView::Starred,
        ListView::Unfiled,
        ListView::Archived,
        ListView::Trash,
        ListView::Unsent,
        ListView::Tag("a".to_owned()),
    ];
    views.extend((0..FOLDERS).map(|n| ListView::Folder(folder(n))));
    views
}

/// All pages of a view, of `limit` rows each.
fn paged(store: &Store, view: &ListView, limit: u32) -> Vec<ListRow> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = store.reader.list(&ListQuery { after, limit, ..query(view.clone()) }).unwrap();
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

fn compare(store: &Store, model: &Model) {
    for (n, expected) in &model.docs {
        let stored = store.document(*n);
        let log: Vec<_> =
            stored.updates.iter().map(|update| (update.ops.clone(), update.imported, update.seq)).collect();
        assert_eq!(log, expected.log, "log of {n}");
        assert_eq!(stored.snapshot.is_some(), expected.snapshot, "snapshot of {n}");
        assert_eq!(stored.head, expected.head, "head of {n}");
        let flags = (stored.last_seq, stored.unsent, stored.purge_asked, stored.purged, stored.updated_at);
        let wanted = (expected.last_seq, expected.unsent, expected.asked, expected.purged, expected.updated_at);
        assert_eq!(flags, wanted, "state of {n}");
        assert_eq!(stored.held, expected.held, "held of {n}");
    }
    let mut lengths = Vec::new();
    for view in views() {
        let expected = model.listed(&view);
        let rows = paged(store, &view, 3);
        assert_eq!(rows.iter().map(|row| row.note.as_bytes()[0]).collect::<Vec<_>>(), expected, "{view:?}");
        for row in rows {
            let doc = &model.docs[&row.note.as_bytes()[0]];
            let mut fields = doc.row.clone().unwrap();
            fields.folder = fields.folder.filter(|_| model.has_folder(&fields));
            assert_eq!((row.fields, row.updated_at, row.last_seq), (fields, doc.at, doc.last_seq));
        }
        let total = u32::try_from(expected.len()).unwrap();
        assert_eq!(store.page(view).total, total);
        lengths.push(total);
    }
    let sidebar = store.reader.sidebar(SPACE).unwrap();
    assert_eq!(sidebar.counts, lengths[..6]);
    let folders: Vec<_> = sidebar.folders.iter().map(|(f, notes)| (f.id.as_bytes()[0], *notes)).collect();
    let expected: Vec<_> = model.folders.iter().map(|n| (*n, lengths[7 + usize::from(*n)])).collect();
    assert_eq!(folders, expected);
    let expected: Vec<_> = ["a", "b"]
        .into_iter()
        .map(|tag| (tag.to_owned(), u32::try_from(model.listed(&ListView::Tag(tag.to_owned())).len()).unwrap()))
        .filter(|(_, notes)| *notes > 0)
        .collect();
    assert_eq!(sidebar.tags, expected);
    compare_boot(store, model);
}

fn compare_boot(store: &Store, model: &Model) {
    let boot = store.writer.boot().unwrap();
    let mut by_birth: Vec<(&u8, &Doc)> = model.docs.iter().collect();
    by_birth.sort_by_key(|(_, doc)| doc.born);
    let those = |wanted: fn(&Doc) -> bool| {
        by_birth.iter().filter(|(_, doc)| wanted(doc)).map(|(n, _)| doc(**n)).collect::<Vec<_>>()
    };
    assert_eq!(boot.unsent.iter().map(|unsent| unsent.doc).collect::<Vec<_>>(), those(|doc| doc.unsent || doc.asked));
    assert_eq!(boot.pending, those(|doc| doc.log.iter().any(|entry| !entry.1)));
    let mut stale = boot.unindexed;
    stale.sort();
    // An empty row has no words.
    let mut expected = those(|doc| doc.row.is_some() && !doc.head.is_empty() && doc.indexed.is_none());
    expected.sort();
    assert_eq!(stale, expected);
    assert_eq!(boot.documents, those(|doc| !doc.purged).len() as u64);
    assert_eq!(boot.cursors.first().map(|(_, cursor)| cursor.seq), model.cursor);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn random_writes_leave_the_store_as_a_naive_model(steps in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..30)) {
        let mut store = Store::new();
        let mut model = Model::default();
        for transaction in steps {
            let mut writes = Vec::new();
            for step in &transaction {
                if let Some(write) = write(step, &model) {
                    writes.push(write);
                    model.apply(step);
                }
            }
            store.commit(writes);
            if transaction.iter().any(|step| matches!(step, Step::Reopen)) {
                store = store.reopen();
            }
        }
        compare(&store, &model);
        prop_assert_eq!(store.reader.check().unwrap(), Vec::<String>::new());
    }
}
