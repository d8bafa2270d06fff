//! Events on their way to the window, whose page asks for the next ones and waits. Tauri's own events are run as scripts
//! instead, and each script's result needs a JavaScript machine in this process: megabytes, kept in the tray too.

use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value;
use stet_client::api::Event;
use tokio::sync::Notify;

use crate::shell::lock;

/// Events kept for a page that doesn't ask. One that is this far behind has to start anew.
const LIMIT: usize = 4_096;
/// The shell's own event: say your last words.
const LEAVE: &str = "leave";

/// The events of one window after the other.
#[derive(Default)]
pub struct Events {
    line: Mutex<Line>,
    changed: Notify,
}

#[derive(Default)]
struct Line {
    open: bool,
    waiting: Vec<Value>,
    lost: bool,
    /// Questions so far: only the newest is answered with events.
    asked: u64,
    /// Events so far: put, taken by a page, and handled by it.
    put: u64,
    taken: u64,
    handled: u64,
}

/// The answer to `next_events`.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct NextEvents {
    /// In their order; none when another page asks now.
    events: Vec<Value>,
    /// Some are lost, since the page was too far behind: it has to be loaded anew.
    lost: bool,
}

impl Events {
    /// A window is being opened: its events are kept from now on.
    pub fn open(&self) {
        let mut line = lock(&self.line);
        *line = Line { open: true, asked: line.asked, ..Line::default() };
    }

    /// The window is gone.
    pub fn close(&self) {
        lock(&self.line).open = false;
        self.changed.notify_waiters();
    }

    /// Hands an event to the window. Without one nobody listens.
    pub fn put(&self, event: &Event) {
        match serde_json::to_value(event) {
            Ok(event) => drop(self.put_value(event)),
            Err(error) => tracing::error!(%error, "an event didn't reach the window"),
        }
    }

    /// Has the page say its last words, and waits until it has heard so.
    pub async fn leave(&self) {
        let put = self.put_value(serde_json::json!({ "event": LEAVE, "payload": null }));
        loop {
            let changed = self.changed.notified();
            {
                let line = lock(&self.line);
                if !line.open || line.handled >= put {
                    return;
                }
            }
            changed.await;
        }
    }

    fn put_value(&self, event: Value) -> u64 {
        let mut line = lock(&self.line);
        if !line.open {
            return 0;
        }
        line.put += 1;
        if line.waiting.len() >= LIMIT {
            line.waiting.clear();
            line.lost = true;
        }
        line.waiting.push(event);
        let put = line.put;
        drop(line);
        self.changed.notify_waiters();
        put
    }

    /// What comes next, once there is something. Whoever asks has handled everything it was given before.
    pub async fn next(&self) -> NextEvents {
        let question = {
            let mut line = lock(&self.line);
            line.asked += 1;
            line.handled = line.taken;
            line.asked
        };
        // Ends the wait of a page that asked before, and of whoever waits for this one.
        self.changed.notify_waiters();
        loop {
            let changed = self.changed.notified();
            {
                let mut line = lock(&self.line);
                if line.asked != question || !line.open {
                    return NextEvents::default();
                }
                if !line.waiting.is_empty() {
                    line.taken = line.put;
                    let lost = std::mem::take(&mut line.lost);
                    return NextEvents { events: std::mem::take(&mut line.waiting), lost };
                }
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use stet_client::api::Event;
    use stet_client::api::event::{NotesChanged, ShowNote};
    use stet_model::id::NoteId;

    use super::{Events, LIMIT, NextEvents};

    fn open() -> Events {
        let events = Events::default();
        events.open();
        events
    }

    fn event() -> Event {
        Event::NotesChanged(NotesChanged::default())
    }

    fn names(answer: &NextEvents) -> Vec<&str> {
        answer.events.iter().filter_map(|event| event["event"].as_str()).collect()
    }

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn events_come_in_their_order_and_once() {
        let events = open();
        events.put(&event());
        events.put(&Event::ShowNote(ShowNote { note_id: NoteId::from_bytes([1; 16]) }));
        assert_eq!(names(&events.next().await), ["notes_changed", "show_note"]);
        let mut next = pin!(events.next());
        assert!(poll(next.as_mut()).is_pending());
        events.put(&event());
        assert_eq!(names(&next.await), ["notes_changed"]);
    }

    #[tokio::test]
    async fn a_page_that_was_loaded_anew_is_answered_in_place_of_the_one_before() {
        let events = open();
        let mut old = pin!(events.next());
        assert!(poll(old.as_mut()).is_pending());
        let mut new = pin!(events.next());
        assert!(poll(new.as_mut()).is_pending());
        events.put(&event());
        assert_eq!(old.await, NextEvents::default());
        assert_eq!(names(&new.await), ["notes_changed"]);
    }

    #[tokio::test]
    async fn without_a_window_nothing_is_kept_and_nobody_waits() {
        let events = Events::default();
        events.put(&event());
        events.leave().await;
        assert_eq!(events.next().await, NextEvents::default());
        events.open();
        let mut next = pin!(events.next());
        assert!(poll(next.as_mut()).is_pending());
        events.close();
        assert_eq!(next.await, NextEvents::default());
    }

    #[tokio::test]
    async fn a_page_has_said_its_last_words_when_it_asks_again_after_hearing_that_it_leaves() {
        let events = open();
        let mut leave = pin!(events.leave());
        assert!(poll(leave.as_mut()).is_pending());
        assert_eq!(names(&events.next().await), ["leave"]);
        assert!(poll(leave.as_mut()).is_pending(), "it has heard it, and may still be at it");
        let mut next = pin!(events.next());
        assert!(poll(next.as_mut()).is_pending());
        assert!(poll(leave.as_mut()).is_ready());
    }

    #[tokio::test]
    async fn a_page_too_far_behind_is_told_to_start_anew() {
        let events = open();
        for _ in 0..=LIMIT {
            events.put(&event());
        }
        let answer = events.next().await;
        assert!(answer.lost && answer.events.len() <= LIMIT);
        events.put(&event());
        assert!(!events.next().await.lost);
    }
}
