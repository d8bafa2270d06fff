//! A database that fails: what is told, and what is not.

use stet_model::id::{Lineage, NoteId, StoreId, UserId};
use stet_protocol::message::level2::Receipt;
use stet_server::database::sqlite::Sqlite;
use stet_server::database::{
    Access, Begun, Database, DocumentsPage, LogPage, Part, Read, ReadError, SeenVersion, StoredDocument, Write,
    WriteError, Written,
};
use stet_sync::server::{Cursor, Outgoing, Settings};

use crate::stage::{Device, Seeded, Server};

/// SQLite, but rows are met with this error.
struct Failing(Sqlite, Option<WriteError>);

impl Read for Failing {
    fn store_id(&self) -> Result<StoreId, ReadError> {
        self.0.store_id()
    }

    fn begin(&self, access: Access<'_>, cursor: (u64, Option<Lineage>), newest: u32) -> Result<Begun, ReadError> {
        self.0.begin(access, cursor, newest)
    }

    fn log(&self, access: Access<'_>, since: u64, max_bytes: usize) -> Result<LogPage, ReadError> {
        self.0.log(access, since, max_bytes)
    }

    fn documents(
        &self,
        access: Access<'_>,
        note_ids: &[NoteId],
        from: Cursor,
        max_bytes: usize,
    ) -> Result<DocumentsPage, ReadError> {
        self.0.documents(access, note_ids, from, max_bytes)
    }

    fn document(&self, access: Access<'_>, note_id: NoteId) -> Result<Option<StoredDocument>, ReadError> {
        self.0.document(access, note_id)
    }

    fn parts(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<Part>, ReadError> {
        self.0.parts(access, note_id)
    }

    fn seen(&self, access: Access<'_>, note_id: NoteId) -> Result<Vec<SeenVersion>, ReadError> {
        self.0.seen(access, note_id)
    }

    fn receipts(&self, access: Access<'_>) -> Result<Vec<Receipt>, ReadError> {
        self.0.receipts(access)
    }
}

impl Database for Failing {
    fn begin_life(&mut self) {
        self.0.begin_life();
    }

    fn write(&mut self, group: &[Write], now: i64) -> Vec<Result<Written, WriteError>> {
        let written = self.0.write(group, now);
        let fails = |write: &Write| self.1.clone().filter(|_| matches!(write, Write::Row(_)));
        group.iter().zip(written).map(|(write, result)| fails(write).map_or(result, Err)).collect()
    }

    fn make_account(&mut self, issuer: &str, subject: &str, now: i64) -> Result<UserId, WriteError> {
        self.0.make_account(issuer, subject, now)
    }

    fn reader(&self) -> Result<Box<dyn Read>, ReadError> {
        self.0.reader()
    }
}

fn live(error: Option<WriteError>) -> (Server<Failing>, Device, Device) {
    let database = Failing(Sqlite::in_memory(Seeded::random(1)).unwrap(), error);
    let mut server = Server::start(database, Settings::default(), 2);
    let mut devices = [1, 2].map(|number| Device { number, ..Device::default() });
    for device in &mut devices {
        device.connect(&mut server);
        hear_all(&mut server, [device]);
        assert!(!device.syncing);
    }
    let [one, two] = devices;
    (server, one, two)
}

/// Until nobody has anything to say: an answer may ask for the next one.
fn hear_all<const N: usize>(server: &mut Server<Failing>, mut devices: [&mut Device; N]) {
    for _ in 0..3 {
        for device in &mut devices {
            for message in server.take_all(device.socket.unwrap()) {
                device.hear(server, &message);
            }
        }
    }
}

#[test]
fn an_outcome_nobody_knows_is_not_answered_and_everybody_who_hears_of_the_space_is_sent_away() {
    let (mut server, mut one, mut two) = live(Some(WriteError::Unknown("test".to_owned())));
    one.write(&mut server, "u1", 1, "AQ==");
    assert!(closed_for_a_restart(&mut server, &one), "no answer, neither good nor bad");
    let told = server.take(two.socket.unwrap());
    assert_eq!(told.len(), 1, "nobody is told of what may not be there");
    assert_eq!(told[0]["type"], "draining");
    assert!(closed_for_a_restart(&mut server, &two));

    // It was there after all: both read it from the log, and what follows is live.
    server.core.database().1 = None;
    for device in [&mut one, &mut two] {
        device.connect(&mut server);
        hear_all(&mut server, [device]);
    }
    assert_eq!((one.cursor, two.cursor), (1, 1));
    two.write(&mut server, "u2", 2, "AQ==");
    hear_all(&mut server, [&mut one, &mut two]);
    assert_eq!((one.cursor, two.cursor), (2, 2));
    assert_eq!(two.acknowledged.get("u2"), Some(&2));
}

fn closed_for_a_restart(server: &mut Server<Failing>, device: &Device) -> bool {
    matches!(server.core.take(device.socket.unwrap(), server.time()), Some(Outgoing::Close(code)) if code.number() == 1012)
}

#[test]
fn a_write_that_failed_is_refused_and_the_socket_goes_on() {
    let (mut server, mut one, _) = live(Some(WriteError::Failed("disk full".to_owned())));
    one.write(&mut server, "u1", 1, "AQ==");
    let answers = server.take_all(one.socket.unwrap());
    assert_eq!(answers.len(), 1);
    assert_eq!((&answers[0]["code"], &answers[0]["id"]), (&"internal".into(), &"u1".into()));
    assert!(answers[0]["retryAfterMs"].as_u64().is_some());
    assert!(!answers[0].to_string().contains("disk full"), "the server's own troubles are for its log");
}
