//! The list of what waits, and exports, over a running engine without a network.

#![expect(clippy::expect_used, reason = "a test that can't go on says why and ends")]

mod alone;

use std::path::Path;

use stet_client::Client;
use stet_client::api::command::{
    ChangeNote, CreateFolder, CreateNote, GetText, ListUnsent, PurgeNote, RetryNote, TrashNote,
};
use stet_client::api::note::{NoteChange, StoppedKind};
use stet_client::api::unsent::UnsentPage;
use stet_model::id::{DocKey, NoteId, SpaceId};
use stet_store::{Held, HeldAt, Options, Write, open};
use tempfile::TempDir;

use alone::start;

async fn create(client: &Client, title: &str, body: &str) -> NoteId {
    let args = CreateNote { folder_id: None, title: title.to_owned(), body: body.to_owned() };
    client.call(args).await.expect("is made").note_id
}

async fn waiting(client: &Client) -> UnsentPage {
    client.call(ListUnsent { after: None, limit: 50 }).await.expect("reads")
}

/// Changes the store behind a stopped engine's back.
fn tamper(folder: &Path, writes: impl Fn(SpaceId) -> Vec<Write>) {
    let (mut writer, reader) = open(&folder.join("notes.sqlite"), &Options::default()).expect("opens");
    let space = reader.meta("space").expect("reads").expect("named").parse().expect("an id");
    writer.commit(&writes(space)).expect("writes");
}

/// Three notes, of which one can't be read and one was refused.
async fn with_a_poison_note() -> (TempDir, Client, [NoteId; 3]) {
    let folder = tempfile::tempdir().expect("a folder");
    let client = start(folder.path());
    let refused = create(&client, "Refused", "text").await;
    let good = create(&client, "Good: one/two", "first line\nsecond line").await;
    let bad = create(&client, "Bad", "text").await;
    client.shutdown().await;
    drop(client);
    tamper(folder.path(), |space| {
        let held = |at, code: &str, message: &str| Held { at, code: code.to_owned(), message: message.to_owned() };
        let doc = |note| DocKey { space, note };
        vec![
            Write::Replaced { doc: doc(bad), bytes: b"\x01this is no document".to_vec() },
            Write::Held {
                doc: doc(refused), held: Some(held(HeldAt::Push, "too-large", "“Refused” is too large."))
            },
        ]
    });
    let client = start(folder.path());
    (folder, client, [good, bad, refused])
}

#[tokio::test]
async fn each_waiting_note_says_since_when_how_much_and_why_and_one_that_can_not_be_read_hides_no_other() {
    let (_folder, client, [good, bad, refused]) = with_a_poison_note().await;
    let page = waiting(&client).await;
    assert_eq!(page.total, 4, "with the welcome note");
    assert_eq!(page.notes.len(), 4, "each once");
    assert_eq!(page.notes[0].row.id, refused, "those that can't go on come first");
    let of = |id| page.notes.iter().find(|note| note.row.id == id).expect("is listed");
    assert!(of(good).bytes.is_some_and(|bytes| bytes > 20), "{:?}", of(good));
    assert!(of(good).since.is_some_and(|since| since >= of(good).row.created_at));
    assert_eq!((of(good).row.dots.stopped.as_ref(), of(good).removal), (None, false));
    assert_eq!(of(bad).bytes, None, "{:?}", of(bad));
    let stopped = of(refused).row.dots.stopped.clone().expect("it says why");
    assert_eq!((stopped.kind, stopped.message.as_str()), (StoppedKind::Refused, "“Refused” is too large."));
    assert_eq!(page.folders, None, "no folder was made");

    client.call(RetryNote { note_id: refused }).await.expect("is tried again");
    client.call(CreateFolder { name: "Work".to_owned(), parent_id: None }).await.expect("is made");
    let page = waiting(&client).await;
    assert!(page.notes.iter().find(|note| note.row.id == refused).is_some_and(|note| note.row.dots.stopped.is_none()));
    assert!(page.folders.is_some_and(|folders| folders.stopped.is_none()));
}

#[tokio::test]
async fn pages_go_on_where_the_one_before_ended_and_a_note_that_is_to_go_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = start(folder.path());
    for n in 0..9 {
        create(&client, &format!("Note {n}"), "").await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = client.call(ListUnsent { after, limit: 4 }).await.expect("reads");
        assert_eq!(page.total, 10);
        seen.extend(page.notes.into_iter().map(|note| note.row.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 10);

    // The welcome note may be on other devices too, so its removal has to be sent.
    let page = waiting(&client).await;
    let welcome = page.notes.iter().find(|note| note.row.title.starts_with("Welcome")).expect("is there").row.id;
    client.call(TrashNote { note_id: welcome }).await.expect("goes");
    client.call(PurgeNote { note_id: welcome }).await.expect("goes for good");
    let page = waiting(&client).await;
    let note = page.notes.iter().find(|note| note.row.id == welcome).expect("its removal waits");
    assert_eq!((note.removal, note.bytes), (true, Some(0)));
}

#[tokio::test]
async fn what_waits_is_exported_without_a_network_and_what_can_not_be_read_is_named() {
    let (_folder, client, [good, bad, refused]) = with_a_poison_note().await;
    let work = client.call(CreateFolder { name: "Work: \"A\"".to_owned(), parent_id: None }).await.expect("is made");
    let folder_id = Some(work.folder_id);
    client.call(ChangeNote { note_id: good, change: NoteChange::Folder { folder_id } }).await.expect("moves");
    client.call(ChangeNote { note_id: good, change: NoteChange::AddTag { tag: "a, b".to_owned() } }).await.expect("ok");
    let target = tempfile::tempdir().expect("a folder");
    std::fs::write(target.path().join("Refused.md"), "mine").expect("writes");
    let done = client.export(None, target.path().to_owned()).await.expect("exports");
    assert_eq!((done.files, done.missed), (3, 1));
    assert!(done.reasons[0].starts_with("“Bad”: "), "{:?}", done.reasons);
    let read = |name: &str| std::fs::read_to_string(target.path().join(name)).expect(name);
    let text = read("Good one two.md");
    let (front, body) = text.split_once("---\n\n").expect("a front and a body");
    assert_eq!(body, "first line\nsecond line\n");
    assert!(
        front.starts_with("---\ntitle: \"Good: one/two\"\nfolder: \"Work: \\\"A\\\"\"\ntags: [\"a, b\"]\ncreated: 20")
    );
    assert!(front.contains(&format!("id: {good}\n")), "{front}");
    assert_eq!(read("Refused.md"), "mine", "nothing is overwritten");
    assert!(read("Refused 2.md").ends_with("\n\ntext\n"));

    let one = tempfile::tempdir().expect("a folder");
    let done = client.export(Some(vec![refused]), one.path().to_owned()).await.expect("exports");
    assert_eq!((done.files, done.missed), (1, 0));
    let names: Vec<_> = std::fs::read_dir(one.path()).expect("reads").flatten().map(|file| file.file_name()).collect();
    assert_eq!(names, ["Refused.md"]);
    let refused = client.export(None, one.path().join("Refused.md")).await.expect_err("that is a file");
    assert!(refused.message.contains("isn't a folder"), "{}", refused.message);

    assert_eq!(client.call(GetText { note_id: good }).await.expect("reads").body, "first line\nsecond line");
    assert!(client.call(GetText { note_id: bad }).await.is_err());
}
