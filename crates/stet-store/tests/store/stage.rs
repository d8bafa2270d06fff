//! What the tests share: a store in a folder of its own, and short ways to say writes. No assertions.

use std::path::PathBuf;

use stet_model::id::{DeviceId, FolderId, Lineage, NoteId, SpaceId};
use stet_store::{
    Cursor, DocKey, FolderFields, Held, HeldAt, ListPage, ListQuery, ListRow, ListView, Options, Reader, RemoteRow,
    RowFields, StoredDocument, Write, Writer, open,
};
use tempfile::TempDir;

pub const SPACE: SpaceId = SpaceId::from_bytes([0xee; 16]);
pub const LINEAGE: Lineage = Lineage::from_bytes([9; 16]);

/// A store in a folder that goes with it.
pub struct Store {
    pub writer: Writer,
    pub reader: Reader,
    pub path: PathBuf,
    pub folder: TempDir,
}

impl Store {
    pub fn new() -> Self {
        Self::with(&Options::default())
    }

    pub fn with(options: &Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stet.db");
        let (writer, reader) = open(&path, options).unwrap();
        Self { writer, reader, path, folder }
    }

    pub fn commit(&mut self, writes: impl Into<Vec<Write>>) {
        self.writer.commit(&writes.into()).unwrap();
    }

    /// Closes it and opens it again.
    pub fn reopen(self) -> Self {
        let Self { writer, reader, path, folder } = self;
        drop((writer, reader));
        let (writer, reader) = open(&path, &Options::default()).unwrap();
        Self { writer, reader, path, folder }
    }

    pub fn document(&self, n: u8) -> StoredDocument {
        self.reader.document(doc(n)).unwrap().expect("the document is stored")
    }

    pub fn row(&self, n: u8) -> ListRow {
        self.reader.row(doc(n)).unwrap().expect("the note has a row")
    }

    pub fn page(&self, view: ListView) -> ListPage {
        self.reader.list(&query(view)).unwrap()
    }

    /// The notes of a view, in order.
    pub fn notes(&self, view: ListView) -> Vec<u8> {
        numbers(&self.page(view))
    }

    /// The notes a search finds, in order.
    pub fn search(&self, words: &str) -> Vec<u8> {
        numbers(&self.reader.list(&ListQuery { search: words.to_owned(), ..query(ListView::All) }).unwrap())
    }

    pub fn counts(&self) -> [u32; 6] {
        self.reader.sidebar(SPACE).unwrap().counts
    }
}

pub fn numbers(page: &ListPage) -> Vec<u8> {
    page.rows.iter().map(|row| row.note.as_bytes()[0]).collect()
}

pub fn query(view: ListView) -> ListQuery {
    ListQuery { space: SPACE, view, search: String::new(), after: None, limit: 100 }
}

pub const fn note(n: u8) -> NoteId {
    NoteId::from_bytes([n; 16])
}

pub const fn doc(n: u8) -> DocKey {
    DocKey { space: SPACE, note: note(n) }
}

pub const fn folder(n: u8) -> FolderId {
    FolderId::from_bytes([n; 16])
}

pub const fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

pub const fn cursor(seq: u64) -> Cursor {
    Cursor { seq, lineage: LINEAGE }
}

pub fn titled(title: &str) -> RowFields {
    RowFields { title: title.to_owned(), ..RowFields::default() }
}

pub fn held() -> Held {
    Held { at: HeldAt::Push, code: "too-large".to_owned(), message: "too large to send".to_owned() }
}

/// An unsent local edit whose head is `[at]`.
pub fn local(n: u8, at: u8, row: RowFields) -> Write {
    Write::Local { doc: doc(n), delta: vec![n, at], head: vec![at], unsent: true, row: Some(row), at: i64::from(at) }
}

/// A row of the server's log with one update.
pub fn remote_row(n: u8, seq: u64, ops: &[u8]) -> RemoteRow {
    let timestamp = i64::try_from(seq).unwrap() * 10;
    RemoteRow { note: note(n), seq, ops: vec![ops.to_vec()], timestamp, device: Some(device(5)) }
}

pub fn remote(rows: Vec<RemoteRow>, at: Option<u64>) -> Write {
    Write::Remote { space: SPACE, rows, cursor: at.map(cursor) }
}

/// Everything up to `seq` went into the note, and nothing of it is unsent.
pub fn imported(n: u8, seq: u64, row: RowFields) -> Write {
    let head = vec![u8::try_from(seq).unwrap()];
    let updated_at = i64::try_from(seq).unwrap() * 10;
    Write::Imported { doc: doc(n), seq, head: head.clone(), known: head, unsent: false, row: Some(row), updated_at }
}

pub fn acked(n: u8, seq: u64, unsent: bool) -> Write {
    let updated_at = i64::try_from(seq).unwrap() * 10;
    Write::Acked { doc: doc(n), known: vec![7], seq, unsent, updated_at, cursor: Some(cursor(seq)) }
}

pub fn index(n: u8, head: u8, title: &str, body: &str) -> Write {
    Write::Index { doc: doc(n), head: vec![head], title: title.to_owned(), body: body.to_owned(), content: 0 }
}

pub fn folder_named(n: u8, name: &str) -> FolderFields {
    FolderFields { id: folder(n), name: name.to_owned(), color: None, parent: None, depth: 0 }
}
