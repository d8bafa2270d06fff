//! What is printed of a run: counts, and the last things that happened in a world that failed. Short words, not dumps.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use stet_client::engine::{Input, Output};
use stet_protocol::codec::redacted;
use stet_store::Write;

/// Lines kept of what happened last.
const LINES: usize = 100_000;
/// Characters of a line.
const WIDTH: usize = 260;

/// What users do in a run at least.
const ACTIONS: u32 = 200;
/// What goes wrong in a run at least, and has an effect.
const FAULTS: u32 = 20;

/// How much happened.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// What users did.
    pub actions: BTreeMap<String, u32>,
    /// What went wrong and had an effect.
    pub faults: BTreeMap<String, u32>,
    /// What was to go wrong.
    pub tried: u32,
    /// Actions there was nothing for.
    pub skipped: u32,
    /// Frames sent.
    pub frames: u64,
}

impl Counts {
    /// Whether frames arrived twice, or not while later ones did: no TCP does that.
    pub fn harsh(&self) -> bool {
        ["Duplicate", "Lose"].iter().any(|fault| self.faults.contains_key(*fault))
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        for (name, count) in &other.actions {
            *self.actions.entry(name.clone()).or_default() += count;
        }
        for (name, count) in &other.faults {
            *self.faults.entry(name.clone()).or_default() += count;
        }
        self.tried += other.tried;
        self.skipped += other.skipped;
        self.frames += other.frames;
    }

    /// Something went wrong.
    pub fn went_wrong(&mut self, fault: &str) {
        *self.faults.entry(fault.to_owned()).or_default() += 1;
    }

    /// Why this isn't enough of a trial for one run, if it isn't.
    pub fn too_little(&self) -> Option<String> {
        let (actions, faults) = self.sums();
        let enough = actions >= ACTIONS && faults >= FAULTS;
        (!enough).then(|| format!("too little happens: {actions} actions, and {faults} faults that had an effect"))
    }

    /// All actions, and all faults that had an effect.
    pub fn sums(&self) -> (u32, u32) {
        (self.actions.values().sum(), self.faults.values().sum())
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |counts: &BTreeMap<String, u32>| {
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        let (actions, faults) = self.sums();
        writeln!(f, "{actions} actions ({}), {} skipped", list(&self.actions), self.skipped)?;
        let idle = self.tried.saturating_sub(faults);
        write!(f, "{faults} faults ({}), {idle} without effect, {} frames", list(&self.faults), self.frames)
    }
}

/// The last things that happened; also a digest of everything, to tell whether two runs were the same.
pub struct Trace {
    lines: VecDeque<String>,
    on: bool,
    /// Everything so far, in a number.
    pub digest: u64,
}

impl Trace {
    /// With or without lines.
    pub const fn new(on: bool) -> Self {
        Self { lines: VecDeque::new(), on, digest: 0xcbf2_9ce4_8422_2325 }
    }

    /// Whether lines are kept.
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Something happened.
    pub fn line(&mut self, now: u64, words: &str) {
        let mut line = format!("{:>9.3} ", now as f64 / 1_000.0);
        line.extend(words.chars().take(WIDTH));
        if self.lines.len() >= LINES {
            self.lines.pop_front();
        }
        for byte in line.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.lines.push_back(line);
    }

    /// The last lines.
    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

/// An input in a few words.
pub fn input(input: &Input) -> String {
    match input {
        Input::Frame(frame) => format!("frame {}", redacted(frame)),
        Input::Command { call, command } => format!("#{call} {command:?}"),
        Input::Loaded(loaded) => {
            let found = |(doc, result): &(stet_model::id::DocKey, Result<_, _>)| {
                let words = match result {
                    Ok(Some(_)) => "",
                    Ok(None) => " (nothing)",
                    Err(_) => " (error)",
                };
                format!("{}{words}", doc.note)
            };
            format!("loaded {}", loaded.iter().map(found).collect::<Vec<_>>().join(" "))
        }
        Input::Token(Ok(_)) => "a token".to_owned(),
        other => format!("{other:?}"),
    }
}

/// An output in a few words.
pub fn output(output: &Output) -> String {
    match output {
        Output::Ping => "ping".to_owned(),
        Output::Send(frame) => format!("frame {}", redacted(frame)),
        Output::Write { tag, writes } => format!("write {tag}: {}", self::writes(writes)),
        Output::Emit(event) => format!("emit {event:?}"),
        Output::Tray(_) => "tray".to_owned(),
        other => format!("{other:?}"),
    }
}

/// A transaction in a few words.
pub fn writes(writes: &[Write]) -> String {
    let mut words = String::new();
    for write in writes {
        let said = match write {
            Write::Local { doc, delta, unsent, .. } => {
                write!(words, "Local {} {} B unsent {unsent}; ", doc.note, delta.len())
            }
            Write::Remote { rows, cursor, .. } => {
                let rows: Vec<String> = rows.iter().map(|row| format!("{}={}", row.seq, row.note)).collect();
                write!(words, "Remote {} cursor {:?}; ", rows.join(" "), cursor.map(|cursor| cursor.seq))
            }
            Write::Imported { doc, seq, unsent, .. } => write!(words, "Imported {} {seq} unsent {unsent}; ", doc.note),
            Write::Acked { doc, seq, unsent, cursor, .. } => {
                let cursor = cursor.map(|cursor| cursor.seq);
                write!(words, "Acked {} {seq} unsent {unsent} cursor {cursor:?}; ", doc.note)
            }
            Write::Index { doc, .. } => write!(words, "Index {}; ", doc.note),
            Write::Snapshot { doc, .. } => write!(words, "Snapshot {}; ", doc.note),
            other => write!(words, "{other:?}; "),
        };
        said.unwrap_or_default();
    }
    words
}
