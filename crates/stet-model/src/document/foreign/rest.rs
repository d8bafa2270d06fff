//! Versions at rest, those that stood for a while or that somebody else went on from: what a writer may have of whom
//! nothing is known. Clocks tell at most which of them are looked at; which one it is, the texts tell. Never here: writing.

use loro::LoroDoc;

use super::super::edit::Text;
use super::super::error::DocumentError;
use super::super::export::{Stretch, stretches};
use super::super::note::NoteDocument;
use super::super::version::Version;
use super::{Candidate, ForeignText, Seen};
use crate::text::{Cost, cost};

/// A pause as long as this leaves a version at rest, milliseconds. Shorter ones can't be told: the library dates an
/// author's operations by the minute.
const PAUSE_MS: u64 = 2 * 60 * 1_000;
/// Versions read in a round; the next round is about those beside the nearest of them.
const READ_IN_A_ROUND: usize = 16;
/// Rounds: of 65,536 versions each can be found, of more one near it. Each makes the note again from its beginning.
const ROUNDS: usize = 5;

/// The version at rest whose texts are nearest to the foreign ones, at a tie the one that deletes less, then the older.
/// None where an empty note is nearer than all of them: of versions that have nothing in common with the foreign one
/// the shortest would win. A text that stands there anyway tells nothing.
pub(super) fn nearest_at_rest(note: &NoteDocument, foreign: &ForeignText) -> Result<Option<Candidate>, DocumentError> {
    let texts = [(Text::Title, &foreign.title), (Text::Body, &foreign.body)].map(|(which, text)| {
        let text = text.as_deref().filter(|text| note.text(which) != *text);
        text.map(|text| (which, text))
    });
    let texts: Vec<(Text, &str)> = texts.into_iter().flatten().collect();
    if texts.is_empty() {
        return Ok(None);
    }
    let history = note.replica.read(Rests::of)?;
    let (mut nearest, mut range) = (None, 0..history.ends.len());
    for _ in 0..ROUNDS {
        let step = range.len().div_ceil(READ_IN_A_ROUND).max(1);
        let mut past = NoteDocument::new(note.replica.peer());
        for index in range.step_by(step) {
            history.go_on(note, &mut past, index)?;
            nearest = nearest.into_iter().chain([(apart(&past, &texts), index, past.point())]).min();
        }
        let Some((_, index, _)) = &nearest else { return Ok(None) };
        if step == 1 {
            break;
        }
        range = index.saturating_sub(step - 1)..(index + step).min(history.ends.len());
    }
    let empty: usize = texts.iter().map(|(_, text)| text.chars().count()).sum();
    let Some((.., point)) = nearest.filter(|(cost, ..)| cost.distance == 0 || cost.distance < empty) else {
        return Ok(None);
    };
    let (title, body) = note.text_at(&point)?;
    Ok(Some(Candidate { seen: Some(Seen::at(point)), title: Some(title), body: Some(body) }))
}

/// How far the texts of a note are from these.
fn apart(note: &NoteDocument, texts: &[(Text, &str)]) -> Cost {
    texts.iter().fold(Cost::default(), |sum, (which, text)| {
        let Cost { distance, deleted } = cost(&note.text(*which), text);
        Cost { distance: sum.distance + distance, deleted: sum.deleted + deleted }
    })
}

/// A history in the order of causes, and after how many of its stretches it stood still.
struct Rests {
    stretches: Vec<Stretch>,
    ends: Vec<usize>,
}

impl Rests {
    fn of(doc: &LoroDoc) -> Self {
        let stretches = stretches(doc, &Version::new(), &Version::from_loro(&doc.oplog_vv()));
        let rests = |pair: &[Stretch]| pair[0].author != pair[1].author || pair[0].at.abs_diff(pair[1].at) >= PAUSE_MS;
        let ends = stretches.windows(2).zip(1..).filter(|(pair, _)| rests(pair)).map(|(_, end)| end).collect();
        Self { stretches, ends }
    }

    /// Takes a note of the past on to a later one of its versions at rest. Forwards: a step back takes the library a
    /// thousand times as long.
    fn go_on(&self, note: &NoteDocument, past: &mut NoteDocument, index: usize) -> Result<(), DocumentError> {
        let mut version = Version::new();
        for stretch in self.stretches.iter().take(self.ends[index]) {
            version.set(stretch.author, stretch.to);
        }
        let pending = past.replica.absorb(&[&note.replica.export_between(&past.head(), &version)])?;
        if pending { Err(DocumentError::Pending) } else { Ok(()) }
    }
}
