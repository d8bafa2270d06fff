//! What went over the wire, for people who help: types, ids and sizes; never tokens, titles or text. A bounded record on
//! request, and the same lines as traces.

use std::collections::VecDeque;

use stet_protocol::codec::{Frame, redacted};

use crate::engine::Now;

/// How long details are recorded, milliseconds.
const RECORD_MS: u64 = 15 * 60 * 1_000;
/// Lines kept; the oldest go first.
const LINES: usize = 2_000;

/// A bounded record.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    until: Option<u64>,
    lines: VecDeque<String>,
}

impl Recorder {
    pub(crate) const fn record(&mut self, on: bool, now: Now) {
        self.until = if on { Some(now.mono + RECORD_MS) } else { None };
    }

    /// When recording ends, epoch milliseconds.
    pub(crate) fn until(&self, now: Now) -> Option<i64> {
        let left = self.until?.checked_sub(now.mono)?;
        (left > 0).then_some(now.wall + left as i64)
    }

    fn is_on(&self, now: Now) -> bool {
        self.until.is_some_and(|until| now.mono < until)
    }

    pub(crate) fn frame(&mut self, direction: &str, frame: &Frame, now: Now) {
        if self.is_on(now) || tracing::enabled!(target: "sync", tracing::Level::TRACE) {
            let line = format!("{direction} {}", redacted(frame));
            tracing::trace!(target: "sync", "{line}");
            if self.is_on(now) {
                self.push(&line, now);
            }
        }
    }

    pub(crate) fn note(&mut self, line: &str, now: Now) {
        tracing::debug!(target: "sync", "{line}");
        if self.is_on(now) {
            self.push(line, now);
        }
    }

    fn push(&mut self, line: &str, now: Now) {
        if self.lines.len() >= LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{} {line}", now.wall));
    }

    pub(crate) fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

#[cfg(test)]
mod tests {
    use stet_protocol::codec::Frame;

    use super::{LINES, Recorder};
    use crate::engine::Now;

    const fn at(mono: u64) -> Now {
        Now { mono, wall: 1_000 }
    }

    #[test]
    fn recording_ends_by_itself_after_fifteen_minutes() {
        let mut recorder = Recorder::default();
        recorder.record(true, at(0));
        recorder.note("one", at(1));
        recorder.note("late", at(15 * 60_000));
        assert_eq!(recorder.text(), "1000 one\n");
        assert_eq!(recorder.until(at(0)), Some(901_000));
        assert_eq!(recorder.until(at(15 * 60_000)), None);
    }

    #[test]
    fn a_record_holds_neither_tokens_nor_text_and_is_bounded() {
        let mut recorder = Recorder::default();
        recorder.record(true, at(0));
        let frame = Frame::Text(r#"{"type":"auth","token":"SECRET","noteData":{"title":"SECRET"}}"#.into());
        (0..LINES + 5).for_each(|_| recorder.frame("→", &frame, at(1)));
        let text = recorder.text();
        assert!(text.contains("auth") && !text.contains("SECRET"), "{text}");
        assert_eq!(text.lines().count(), LINES);
    }
}
