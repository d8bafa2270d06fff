//! Whole fields of level 1 over what level 2 wrote: what stays, and what is marked where something goes.

use serde_json::json;
use stet_model::document::{NoteDocument, NoteEdit, Passage, Version};
use stet_model::id::PeerId;

use crate::level1::{join, update};
use crate::stage::{Client, Server, bytes_of};

const HOUR: i64 = 60 * 60 * 1_000;

/// A level-2 device and its note, which has one edit an hour.
struct Desktop {
    socket: Client,
    note: NoteDocument,
    rows: u64,
}

impl Desktop {
    async fn of(server: &Server, edits: &[NoteEdit]) -> Self {
        let mut socket = server.level2("maria", 1).await;
        socket.sync(0).await;
        let mut desktop = Self { socket, note: NoteDocument::new(PeerId(7)), rows: 0 };
        for edit in edits {
            desktop.edit(edit).await;
        }
        desktop
    }

    async fn edit(&mut self, edit: &NoteEdit) {
        let before = if self.rows == 0 { Version::new() } else { self.note.head() };
        let at = HOUR * i64::try_from(self.rows).unwrap();
        self.note.edit(edit, at).unwrap();
        let ops = self.note.export(&before);
        self.socket.ops(&format!("u{}", self.rows), 1, self.rows, ops).await;
        self.rows += 1;
    }

    /// Takes in what a level-1 writer did, and answers what is marked.
    async fn marked(&mut self) -> Vec<Passage> {
        let row = self.socket.expect("note_sync").await;
        self.note.import(&[&bytes_of(&row["ops"][0])]).unwrap();
        self.rows += 1;
        self.note.marks().into_iter().flat_map(|mark| mark.passages).collect()
    }
}

fn title(text: &str) -> NoteEdit {
    NoteEdit::SetTitle(text.to_owned())
}

fn body(text: &str) -> NoteEdit {
    NoteEdit::SetBody(text.to_owned())
}

/// Whether it is the title, and what stood there, what one side made of it and what the other did.
fn sides(passages: &[Passage]) -> Vec<(bool, &str, &str, &str)> {
    passages.iter().map(|p| (p.title, p.base.as_str(), p.mine.as_str(), p.theirs.as_str())).collect()
}

#[tokio::test]
async fn a_text_made_of_an_old_version_got_elsewhere_takes_away_nothing_written_since() {
    let server = Server::start().await;
    let mut desktop = Desktop::of(&server, &[body("A\nB"), body("A\nB\nC")]).await;
    let mut stranger = server.level1("maria").await;
    let updated = update(&mut stranger, 1, json!({"content": "A\nB\nX"})).await;
    assert_eq!(desktop.marked().await, []);
    let mut lines: Vec<String> = desktop.note.body().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!((lines.join(" "), &updated["content"]), ("A B C X".to_owned(), &json!(desktop.note.body())));
}

#[tokio::test]
async fn what_a_writer_of_whom_nothing_is_known_takes_away_is_marked() {
    let server = Server::start().await;
    let mut desktop = Desktop::of(&server, &[title("Ours"), body("written here\n")]).await;
    let mut stranger = server.level1("maria").await;
    update(&mut stranger, 1, json!({"content": "quite another text"})).await;
    let shown = [(false, "written here\n", "quite another text", "written here\n")];
    assert_eq!(sides(&desktop.marked().await), shown);
}

#[tokio::test]
async fn a_title_taken_away_is_marked_without_what_others_wrote_in_the_body() {
    let server = Server::start().await;
    let mut desktop = Desktop::of(&server, &[title("Plan of ours"), body("one\ntwo\n")]).await;
    let mut fields = server.level1("maria").await;
    join(&mut fields, 1).await;
    // It may have either version, and in both the title is the same.
    desktop.edit(&body("one\nof the desktop\ntwo\n")).await;
    fields.expect("note_sync").await;
    update(&mut fields, 1, json!({"title": "Mine"})).await;
    assert_eq!(sides(&desktop.marked().await), [(true, "Plan of ours", "Mine", "Plan of ours")]);
}
