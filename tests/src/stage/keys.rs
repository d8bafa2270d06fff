//! What a person types in the app's window: key by key, wherever the caret is, and where that is.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};

use super::app::AppProcess;
use super::page::editor;
use crate::wait::{eventually, holds};

/// WebDriver's code for the Enter key.
const ENTER: char = '\u{e007}';
/// WebDriver's code for the Control key.
const CONTROL: char = '\u{e009}';
/// WebDriver's code for the End key.
const END: char = '\u{e010}';
/// WebDriver's code for the Shift key.
const SHIFT: char = '\u{e008}';
/// WebDriver's code for the Home key.
const HOME: char = '\u{e011}';

/// The text of the caret's line before the caret; null when the caret is elsewhere.
const BEFORE_CARET: &str = r"
    const selection = document.getSelection();
    const at = selection?.focusNode;
    const line = (at?.nodeType === Node.TEXT_NODE ? at.parentElement : at)?.closest?.('.cm-line');
    if (!line || !selection.isCollapsed) return null;
    const range = document.createRange();
    range.setStart(line, 0);
    range.setEnd(at, selection.focusOffset);
    return range.toString();";

impl AppProcess {
    /// Makes a note with the button and keys, and leaves the caret at the end of its body.
    pub async fn write_note(&self, title: &str, body: &str) {
        let before = self.title().await;
        self.click("new-note").await;
        eventually("a new, empty note", async || {
            let (now, body) = (self.title().await, self.body().await);
            let empty = now.as_deref() == Some("") && body.as_deref() == Some("");
            holds(empty, (&before, now, body))
        })
        .await;
        self.click_css(&editor("title-editor")).await;
        self.keys(title).await;
        self.click_css(&editor("body-editor")).await;
        self.keys(body).await;
        self.sees_body(body).await;
    }

    /// Puts the caret at the end of the body.
    pub async fn go_to_end(&self) {
        self.find_editor().await;
        self.click_css(&editor("body-editor")).await;
        self.chord(CONTROL, END).await;
    }

    /// Puts the caret at the start of the body.
    pub async fn go_to_start(&self) {
        self.find_editor().await;
        self.click_css(&editor("body-editor")).await;
        self.chord(CONTROL, HOME).await;
    }

    /// Moves the caret to the end of its line.
    pub async fn go_to_line_end(&self) {
        self.keys(&END.to_string()).await;
    }

    /// Puts the caret at the end of the body and types there.
    pub async fn type_at_end(&self, text: &str) {
        self.go_to_end().await;
        self.keys(text).await;
    }

    /// Types wherever the caret is. A line end is the Enter key.
    pub async fn keys(&self, text: &str) {
        // In pieces, so that one call doesn't outlast the driver's patience.
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(32) {
            let mut actions = KeyActions::new("keyboard".to_owned());
            for character in piece {
                let value = if *character == '\n' { ENTER } else { *character };
                actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
            }
            self.client().perform_actions(actions).await.expect("type");
        }
    }

    /// Presses a key while another is held.
    pub async fn chord(&self, held: char, key: char) {
        let actions = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key })
            .then(KeyAction::Up { value: held });
        self.client().perform_actions(actions).await.expect("press keys together");
    }

    /// Selects from the caret to the start of its paragraph, which the editor calls a line.
    pub async fn select_to_line_start(&self) {
        // The first press goes to where the line was wrapped, the second to where the paragraph begins.
        self.chord(SHIFT, HOME).await;
        self.chord(SHIFT, HOME).await;
    }

    /// Takes back the last own change.
    pub async fn undo(&self) {
        self.chord(CONTROL, 'z').await;
    }

    /// The text of the caret's line before the caret. `None` when there is no caret in an editor.
    pub async fn before_caret(&self) -> Option<String> {
        self.run(BEFORE_CARET, Vec::new()).await.as_str().map(str::to_owned)
    }
}
