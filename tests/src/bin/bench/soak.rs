//! Typing for long: what memory the app gains by it, beside a bare text field in the same web view, which gains some, too.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use stet_tests::stage::{Program, Stage};
use stet_tests::wait::{eventually_within, holds};

use crate::app::{PATIENCE, start};
use crate::{say, tree};

/// What every note begins with.
const TITLE: &str = "A title";
/// A line of text.
const LINE: &str = "The bed along the wall gets sun until four.";
/// Lines of a note; then another one is begun.
const LINES: usize = 40;
/// How often memory is read.
const PARTS: usize = 4;
/// Somewhere in the text field.
const FIELD: (u32, u32) = (600, 300);

/// Types this many thousand keys in each.
pub async fn soak(folder: &Path, thousands: usize) {
    let stage = Stage::set_up("bench").await;
    let keys = TITLE.len() + 1 + LINES * (LINE.len() + 1);
    let per_part = (thousands * 1_000).div_ceil(keys * PARTS);
    say(&format!("\ntyping {} keys, a note every {LINES} lines; memory (PSS), MB", PARTS * per_part * keys));

    let data = folder.join("soak-data");
    let (mut app, _) = start(&stage, &data, false, 200).await;
    let before = stored(&data);
    let mut ours = vec![tree::memory(app.id())];
    for _ in 0..PARTS {
        for _ in 0..per_part {
            note(&stage, &mut app, "ctrl+n").await;
        }
        ours.push(tree::memory(app.id()));
    }
    // The line that ends the title is part of neither text.
    let typed = (PARTS * per_part * (keys - 1)) as u64;
    eventually_within(PATIENCE, "every key in the store", async || {
        let stored = stored(&data) - before;
        holds(stored >= typed, format!("{stored} of {typed}"))
    })
    .await;
    drop(app);

    let (mut field, _) = start(&stage, &folder.join("soak-field"), true, 201).await;
    stage.screen().focus(field.id()).await;
    stage.screen().click(FIELD);
    let mut control = vec![tree::memory(field.id())];
    for _ in 0..PARTS {
        for _ in 0..per_part {
            note(&stage, &mut field, "ctrl+a").await;
        }
        control.push(tree::memory(field.id()));
    }
    row("keys, thousands", (0..=PARTS).map(|part| (part * per_part * keys) as f64 / 1e3));
    row("the app", ours.iter().copied());
    row("a bare text field", control.iter().copied());
    let gained = |all: &[f64]| all.last().zip(all.get(PARTS / 2)).map_or(f64::NAN, |(last, half)| last - half);
    say(&format!("  gained in the second half   {:.1} and {:.1}", gained(&ours), gained(&control)));
}

/// Presses the keys that begin anew, then types a note.
async fn note(stage: &Stage, program: &mut Program, anew: &str) {
    program.expect_alive();
    stage.screen().focus(program.id()).await;
    stage.screen().press(anew);
    stage.screen().type_text(TITLE);
    stage.screen().press("Return");
    for _ in 0..LINES {
        stage.screen().type_text(LINE);
        stage.screen().press("Return");
    }
}

/// Bytes of all notes' texts.
fn stored(data: &Path) -> u64 {
    let store = Connection::open_with_flags(data.join("notes.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let bytes = store.and_then(|store| store.query_row("SELECT sum(bytes) FROM notes", (), |row| row.get::<_, i64>(0)));
    bytes.ok().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
}

fn row(what: &str, figures: impl Iterator<Item = f64>) {
    let figures: String = figures.map(|figure| format!("{figure:>8.1}")).collect();
    say(&format!("  {what:<20}{figures}"));
}
