//! Measures the store at 100,000 notes of 1 KB: size, page, commit, sidebar, search, opening. Prints medians; the
//! numbers mean something beside each other only. Run it with
//! `cargo run --profile bench -p stet-store --example measure [NOTES [FILE]]`; FILE is kept and
//! used again.

#![expect(clippy::print_stdout, reason = "a program that prints its findings")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use stet_model::id::{FolderId, NoteId, SpaceId};
use stet_store::{DocKey, FolderFields, ListQuery, ListView, Options, Reader, RowFields, Write, Writer, open};

const SPACE: SpaceId = SpaceId::from_bytes([7; 16]);
const BYTES: usize = 1024;
const BATCH: u32 = 500;
/// The time of the first note; one more every 26 minutes makes 100,000 in five years.
const START: i64 = 1_600_000_000_000;
const STEP: i64 = 26 * 60 * 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let notes: u32 = std::env::args().nth(1).map_or(Ok(100_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let path = std::env::args().nth(2).map_or_else(|| folder.path().join("stet.db"), Into::into);
    let mut words = Words::new();
    if !path.exists() {
        let (mut writer, reader) = open(&path, &Options::default())?;
        let text = fill(&mut writer, &mut words, notes)?;
        drop((writer, reader));
        let size = std::fs::metadata(&path)?.len();
        println!("{notes} notes, {text} bytes of text, file {size} bytes: {:.2} x text", ratio(size, text));
    }
    let (mut writer, reader) = opened(&path)?;
    pages(&reader, notes)?;
    searches(&path, &reader, &words)?;
    commits(&mut writer, &reader, &mut words, notes)?;
    Ok(())
}

fn ratio(a: u64, b: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let ratio = a as f64 / b as f64;
    ratio
}

fn opened(path: &Path) -> Result<(Writer, Reader), Box<dyn Error>> {
    let ours = timed(30, || -> Result<(), Box<dyn Error>> {
        let (_writer, reader) = open(path, &Options::default())?;
        reader.list(&query(ListView::All, ""))?;
        Ok(())
    })?;
    let bare = timed(30, || -> Result<(), Box<dyn Error>> {
        let connection = rusqlite::Connection::open(path)?;
        let mut page = connection.prepare(
            "SELECT title, preview, tags FROM notes WHERE space = 1 AND view = 0 ORDER BY rank DESC, at DESC LIMIT 50",
        )?;
        let mut rows = page.query([])?;
        while let Some(row) = rows.next()? {
            let _: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        }
        Ok(())
    })?;
    println!("open and first page: {}; bare: {}", spread(ours), spread(bare));
    let (writer, reader) = open(path, &Options::default())?;
    let start = Instant::now();
    let boot = writer.boot()?;
    println!("boot of {} documents: {:?}", boot.documents, start.elapsed());
    Ok((writer, reader))
}

fn fill(writer: &mut Writer, words: &mut Words, notes: u32) -> Result<u64, Box<dyn Error>> {
    let folders = (0..20).map(|n| FolderFields {
        id: folder(n),
        name: format!("Folder {n}"),
        color: None,
        parent: None,
        depth: 0,
    });
    writer.commit(&[Write::Folders { space: SPACE, folders: folders.collect(), content: 0 }])?;
    let mut text = 0;
    let start = Instant::now();
    let mut indexing = Duration::ZERO;
    for batch in 0..notes / BATCH {
        let mut writes = Vec::new();
        let mut index = Vec::new();
        for n in batch * BATCH..(batch + 1) * BATCH {
            let title = words.text(30);
            let body = words.text(BYTES - title.len());
            text += (title.len() + body.len()) as u64;
            let head = vec![1; 24];
            writes.push(Write::Local {
                doc: doc(n),
                delta: vec![0; 8],
                head: head.clone(),
                unsent: true,
                row: Some(row(n, &title, &body)),
                at: at(n),
            });
            writes.push(Write::Snapshot { doc: doc(n), bytes: body.clone().into_bytes(), through: i64::MAX });
            writes.push(Write::Acked {
                doc: doc(n),
                known: head.clone(),
                seq: u64::from(n) + 1,
                unsent: false,
                updated_at: at(n),
                cursor: None,
            });
            index.push(Write::Index { doc: doc(n), head, title, body, content: 0 });
        }
        writer.commit(&writes)?;
        let began = Instant::now();
        writer.commit(&index)?;
        indexing += began.elapsed();
    }
    println!("filled in {:?}, of it indexing {indexing:?}", start.elapsed());
    Ok(text)
}

fn pages(reader: &Reader, notes: u32) -> Result<(), Box<dyn Error>> {
    let views = [
        ListView::All,
        ListView::Starred,
        ListView::Folder(folder(3)),
        ListView::Tag("tag1".to_owned()),
        ListView::Unsent,
    ];
    for view in views {
        let mut after = None;
        let mut times = Vec::new();
        for _ in 0..notes / 500 {
            let start = Instant::now();
            let page = reader.list(&ListQuery { after: after.take(), ..query(view.clone(), "") })?;
            times.push(start.elapsed());
            after = page.next;
        }
        println!("page of 50 of {view:?}: {}", spread(times));
    }
    let times = timed(1000, || reader.sidebar(SPACE).map(drop))?;
    println!("sidebar: {}", spread(times));
    Ok(())
}

fn searches(path: &Path, reader: &Reader, words: &Words) -> Result<(), Box<dyn Error>> {
    let bare = rusqlite::Connection::open(path)?;
    let mut newest = bare.prepare("SELECT rowid FROM search_text(?1) ORDER BY rowid DESC LIMIT 50")?;
    for letters in 1..=6 {
        let mut times = Vec::new();
        let mut control = Vec::new();
        let mut hits = 0;
        for n in (0..4000).step_by(40) {
            let word: String = words.vocabulary[n].chars().take(letters).collect();
            let start = Instant::now();
            hits += reader.list(&query(ListView::All, &word))?.total;
            times.push(start.elapsed());
            let start = Instant::now();
            let rows = newest.query_map([format!("\"{word}\"*")], |row| row.get(0))?;
            let slots: Vec<i64> = rows.collect::<Result<_, _>>()?;
            control.push(start.elapsed());
            assert!(slots.len() <= 50, "the control reads a page");
        }
        println!(
            "search of {letters} letters: {} ({} hits on average); bare newest 50: {}",
            spread(times),
            hits / 100,
            spread(control)
        );
    }
    let mut times = Vec::new();
    for n in (0..4000).step_by(40) {
        let part: String = words.vocabulary[n].chars().skip(2).collect();
        let start = Instant::now();
        reader.list(&query(ListView::All, &part))?;
        times.push(start.elapsed());
    }
    println!("search of a part of a word: {}", spread(times));
    for view in [ListView::Starred, ListView::Folder(folder(3)), ListView::Tag("tag1".to_owned()), ListView::Trash] {
        let mut times = Vec::new();
        for n in (0..4000).step_by(40) {
            let word: String = words.vocabulary[n].chars().take(3).collect();
            let start = Instant::now();
            reader.list(&query(view.clone(), &word))?;
            times.push(start.elapsed());
        }
        println!("search of 3 letters in {view:?}: {}", spread(times));
    }
    Ok(())
}

fn commits(writer: &mut Writer, reader: &Reader, words: &mut Words, notes: u32) -> Result<(), Box<dyn Error>> {
    let mut edit = |n: u32, k: i64| {
        let n = n % notes;
        let body = words.text(BYTES);
        let head = vec![u8::try_from(k % 250).unwrap_or(0); 24];
        let local = Write::Local {
            doc: doc(n),
            delta: vec![0; 60],
            head: head.clone(),
            unsent: true,
            row: Some(row(n, "title", &body)),
            at: at(notes) + k,
        };
        let index = Write::Index { doc: doc(n), head, title: "title".to_owned(), body, content: 0 };
        (local, index)
    };
    let mut single = Vec::new();
    let mut index = Vec::new();
    for k in 0..2000 {
        let (local, text) = edit(17, k);
        let start = Instant::now();
        writer.commit(&[local])?;
        single.push(start.elapsed());
        if k % 10 == 0 {
            let start = Instant::now();
            writer.commit(&[text])?;
            index.push(start.elapsed());
        }
        if k % 100 == 0 {
            writer.checkpoint_if_large()?;
        }
    }
    let bare = bare_commits()?;
    println!("commit of an edit: {}; of the same bytes by bare SQLite: {}", spread(single), spread(bare));
    println!("commit of an index: {}", spread(index));
    let mut group = Vec::new();
    for k in 0..50 {
        let writes: Vec<Write> = (0..100).map(|n| edit(n * 37, 3000 + k).0).collect();
        let start = Instant::now();
        writer.commit(&writes)?;
        group.push(start.elapsed() / 100);
    }
    println!("an edit in a group of 100: {}", spread(group));
    let times = timed(200, || reader.sidebar(SPACE).map(drop))?;
    println!("sidebar after that: {}", spread(times));
    Ok(())
}

/// What a commit of an edit's delta, head and row costs with nothing around it.
fn bare_commits() -> Result<Vec<Duration>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let connection = rusqlite::Connection::open(folder.path().join("bare.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE edits (n INTEGER PRIMARY KEY, bytes BLOB) STRICT")?;
    let mut insert = connection.prepare("INSERT INTO edits (bytes) VALUES (?1)")?;
    Ok(timed(2000, || insert.execute([[0_u8; 400]]).map(drop))?)
}

fn timed<E>(count: u32, mut work: impl FnMut() -> Result<(), E>) -> Result<Vec<Duration>, E> {
    (0..count)
        .map(|_| {
            let start = Instant::now();
            work().map(|()| start.elapsed())
        })
        .collect()
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    let mut text = String::new();
    let _ = write!(text, "p50 {:?}, p99 {:?}", at(50), at(99));
    text
}

fn query(view: ListView, search: &str) -> ListQuery {
    ListQuery { space: SPACE, view, search: search.to_owned(), after: None, limit: 50 }
}

fn doc(n: u32) -> DocKey {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    DocKey { space: SPACE, note: NoteId::from_time(at(n).unsigned_abs(), random) }
}

fn at(n: u32) -> i64 {
    START + i64::from(n) * STEP
}

fn folder(n: u32) -> FolderId {
    FolderId::from_time(u64::from(n), [0; 10])
}

fn row(n: u32, title: &str, body: &str) -> RowFields {
    RowFields {
        title: title.to_owned(),
        preview: body.chars().take(120).collect(),
        folder: (!n.is_multiple_of(3)).then(|| folder(n % 20)),
        starred: n.is_multiple_of(50),
        trashed: n.is_multiple_of(97),
        tags: if n.is_multiple_of(10) { vec![format!("tag{}", n / 10 % 7)] } else { Vec::new() },
        created_at: at(n),
        bytes: BYTES as u64,
        ..RowFields::default()
    }
}

/// Words as frequent as those of a language, made of syllables.
struct Words {
    vocabulary: Vec<String>,
    state: u64,
}

impl Words {
    fn new() -> Self {
        let mut words = Self { vocabulary: Vec::new(), state: 1 };
        for n in 0..60_000_u64 {
            let mut word = String::new();
            for _ in 0..=(words.next() % 3 + n / 4000 % 3) {
                for letters in ["bcdfghklmnprstvwz", "aeiou", "nrsltmd "] {
                    let at = usize::try_from(words.next()).unwrap_or(0) % letters.len();
                    word.push_str(&letters[at..=at]);
                }
            }
            words.vocabulary.push(word.replace(' ', ""));
        }
        words
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.state >> 33
    }

    /// About `bytes` of words, the n-th most frequent one n times rarer than the first.
    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a draw"
            )]
            let rank = (60_000_f64.powf(self.next() as f64 / (1_u64 << 31) as f64)) as usize - 1;
            text.push_str(&self.vocabulary[rank.min(59_999)]);
            text.push(' ');
        }
        text.truncate(bytes);
        text
    }
}
