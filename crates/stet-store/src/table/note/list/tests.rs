//! Every view's pages come out of an index in order: nothing is sorted and no table is walked through.

use stet_model::id::{FolderId, SpaceId};

use super::*;
use crate::write::{DocKey, FolderFields, Write};
use crate::{Options, open};

const SPACE: SpaceId = SpaceId::from_bytes([1; 16]);

#[test]
fn every_view_reads_its_page_from_an_index_in_order() {
    let folder = FolderId::from_bytes([2; 16]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stet.db");
    let (mut writer, reader) = open(&path, &Options::default()).unwrap();
    let fields = FolderFields { id: folder, name: String::new(), color: None, parent: None, depth: 0 };
    let row = RowFields { tags: vec!["a".to_owned()], folder: Some(folder), ..RowFields::default() };
    let doc = DocKey { space: SPACE, note: NoteId::from_bytes([3; 16]) };
    writer
        .commit(&[
            Write::Folders { space: SPACE, folders: vec![fields], content: 0 },
            Write::Local { doc, delta: vec![], head: vec![1], unsent: true, row: Some(row), at: 1 },
        ])
        .unwrap();
    let connection = Connection::open(&path).unwrap();
    let space = space::find(&connection, SPACE).unwrap().unwrap();
    let views = [
        ListView::All,
        ListView::Starred,
        ListView::Unfiled,
        ListView::Archived,
        ListView::Trash,
        ListView::Unsent,
        ListView::Folder(folder),
        ListView::Tag("a".to_owned()),
    ];
    for of in views {
        let view = View::find(&connection, space, &of).unwrap().unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", page_statement(&view))).unwrap();
        let values = (view.space, &view.key, 0, 0, 0, 1);
        let plan: Vec<String> = statement.query_map(values, |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let plan = plan.join("\n");
        assert!(!plan.contains("TEMP B-TREE"), "{of:?} is sorted:\n{plan}");
        assert!(!plan.contains("SCAN"), "{of:?} walks through a table:\n{plan}");
        assert!(plan.contains("rank"), "{of:?} doesn't begin at the key:\n{plan}");
    }
    drop((writer, reader));
}
