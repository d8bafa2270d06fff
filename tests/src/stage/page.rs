//! What a person sees and clicks in the app's window. Elements are found by their `data-test` names. Keys are in `keys`.

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use serde_json::{Value, json};

use super::app::AppProcess;
use crate::wait::{eventually, holds, same};

/// The text of an editor, line by line, without the hint an empty one shows.
const READ_EDITOR: &str = r"
    const content = document.querySelector(arguments[0]);
    if (!content) return null;
    const text = line => {
        const copy = line.cloneNode(true);
        copy.querySelectorAll('.cm-placeholder, .cm-widgetBuffer').forEach(hint => hint.remove());
        return copy.textContent;
    };
    return [...content.querySelectorAll('.cm-line')].map(text).join('\n');";

/// Calls a command as the page does.
const INVOKE: &str = r"
    const [command, args, done] = arguments;
    window.__TAURI_INTERNALS__.invoke(command, { args })
        .then(answer => done({ answer }), error => done({ error }));";

impl AppProcess {
    /// The first element with this `data-test` name.
    ///
    /// # Errors
    /// When the page doesn't have one now.
    pub async fn find(&self, test: &str) -> Result<Element, CmdError> {
        self.client().find(Locator::Css(&selector(test))).await
    }

    /// Clicks an element as soon as it is there.
    pub async fn click(&self, test: &str) {
        self.click_css(&selector(test)).await;
    }

    /// Clicks the first element a CSS selector finds, as soon as it is there.
    pub async fn click_css(&self, css: &str) {
        eventually(&format!("{css} on {}, clicked", self.name()), async || {
            self.client().find(Locator::Css(css)).await?.click().await
        })
        .await;
    }

    /// The text of an element; empty while it isn't there.
    pub async fn text(&self, test: &str) -> String {
        self.texts(test).await.join("\n")
    }

    /// The texts of all elements with this name.
    pub async fn texts(&self, test: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(element => element.innerText.trim())";
        let found = self.run(script, vec![json!(selector(test))]).await;
        found.as_array().into_iter().flatten().map(as_text).collect()
    }

    /// How many elements a CSS selector finds.
    pub async fn count(&self, css: &str) -> usize {
        self.client().find_all(Locator::Css(css)).await.map_or(0, |found| found.len())
    }

    /// The open note's body as the page shows it. `None` without an open note.
    pub async fn body(&self) -> Option<String> {
        let text = self.run(READ_EDITOR, vec![json!(editor("body-editor"))]).await;
        text.as_str().map(str::to_owned)
    }

    /// The open note's title as the page shows it. `None` without an open note.
    pub async fn title(&self) -> Option<String> {
        let text = self.run(READ_EDITOR, vec![json!(editor("title-editor"))]).await;
        text.as_str().map(str::to_owned)
    }

    /// Waits until the body reads so.
    pub async fn sees_body(&self, text: &str) {
        eventually(&format!("the body {text:?} on {}", self.name()), async || {
            same(self.body().await.as_deref().unwrap_or("no note is open"), text)
        })
        .await;
    }

    /// Waits until the body contains this.
    pub async fn sees_in_body(&self, text: &str) {
        eventually(&format!("{text:?} in the body on {}", self.name()), async || {
            let body = self.body().await;
            holds(body.as_ref().is_some_and(|body| body.contains(text)), body)
        })
        .await;
    }

    /// Waits until a row of the list shows this.
    pub async fn sees_row(&self, text: &str) {
        eventually(&format!("{text:?} in the list on {}", self.name()), async || {
            let rows = self.texts("note-row").await;
            let there = rows.iter().any(|row| row.contains(text));
            if !there {
                // A long list draws what is near the eye, and stays at the open note while others come in above it.
                let to_top = "const list = document.querySelector(arguments[0]); if (list) list.scrollTop = 0;";
                self.run(to_top, vec![json!(selector("note-list"))]).await;
            }
            holds(there, rows)
        })
        .await;
    }

    /// Waits until a row of the list shows this and, by its first dot, that it is on this device's disk.
    pub async fn sees_on_disk(&self, text: &str) {
        let script = r"
            const rows = [...document.querySelectorAll(arguments[0])];
            return rows.map(row => [row.innerText, row.querySelector('[data-dots]')?.dataset.dots ?? '']);";
        eventually(&format!("{text:?} on the disk of {}", self.name()), async || {
            let rows = self.run(script, vec![json!(selector("note-row"))]).await;
            let saved = rows
                .as_array()
                .into_iter()
                .flatten()
                .any(|row| as_text(&row[0]).contains(text) && as_text(&row[1]).starts_with("filled"));
            holds(saved, rows.to_string())
        })
        .await;
    }

    /// Waits until the pill shows this, in any case of letters.
    pub async fn sees_pill(&self, text: &str) {
        eventually(&format!("{text:?} in the pill on {}", self.name()), async || {
            let pill = self.text("pill").await;
            holds(pill.to_lowercase().contains(&text.to_lowercase()), pill)
        })
        .await;
    }

    /// Opens the note whose row shows this text.
    pub async fn open_note(&self, text: &str) {
        self.sees_row(text).await;
        let script = r"
            const rows = [...document.querySelectorAll(arguments[0])];
            const row = rows.find(row => row.innerText.includes(arguments[1]));
            row?.scrollIntoView({ block: 'nearest' });
            return row ?? null;";
        eventually(&format!("{text:?} opened on {}", self.name()), async || {
            let found = self.client().execute(script, vec![json!(selector("note-row")), json!(text)]).await;
            let found = found.map_err(|error| error.to_string())?;
            let reference = found.as_object().and_then(|element| element.values().next()).and_then(Value::as_str);
            let reference = reference.ok_or("no such row")?.to_owned().into();
            let row = Element::from_element_id(self.client().clone(), reference);
            row.click().await.map_err(|error| error.to_string())?;
            Ok::<(), String>(())
        })
        .await;
        self.find_editor().await;
    }

    pub(super) async fn find_editor(&self) {
        eventually("an open note", async || self.client().find(Locator::Css(&editor("body-editor"))).await.map(drop))
            .await;
    }

    /// Looks at the page of the newest window: after the window was let go and made anew.
    pub async fn look_at_new_window(&self) {
        eventually(&format!("a new window of {}", self.name()), async || {
            let windows = self.client().windows().await?;
            let newest = windows.into_iter().next_back().ok_or(CmdError::NotW3C(json!("no window")))?;
            self.client().switch_to_window(newest).await?;
            self.find("pill").await.map(drop)
        })
        .await;
    }

    /// Calls a command of the engine: for set-up only.
    ///
    /// # Panics
    /// When the command answers an error.
    pub async fn invoke(&self, command: &str, args: Value) -> Value {
        let called = self.client().execute_async(INVOKE, vec![json!(command), args.clone()]).await;
        let mut called = called.unwrap_or_else(|error| panic!("{command} {args}: {error}"));
        assert!(called.get("error").is_none(), "{command} {args}: {}", called["error"]);
        called["answer"].take()
    }

    /// The status value, asked from the engine.
    pub async fn status(&self) -> Value {
        self.invoke("get_start", json!({})).await["status"].take()
    }

    /// Waits until the pill says that nothing is unsent.
    pub async fn is_synced(&self) {
        eventually(&format!("{} synced", self.name()), async || {
            let status = self.status().await;
            let synced = status["isSynced"] == json!(true) && status["unsent"] == json!(0);
            holds(synced, format!("{status}"))
        })
        .await;
    }

    /// Runs a script on the page; null when the page can't be asked now.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client().execute(script, arguments).await.unwrap_or(Value::Null)
    }

    /// Saves a picture of the page.
    pub async fn picture(&self, path: &std::path::Path) {
        let png = self.client().screenshot().await.expect("take a picture of the page");
        std::fs::write(path, png).expect("save a picture");
    }
}

fn selector(test: &str) -> String {
    format!("[data-test='{test}']")
}

/// The text of an editor; the name may stand on it or around it.
pub(super) fn editor(test: &str) -> String {
    format!("[data-test='{test}'].cm-content, [data-test='{test}'] .cm-content")
}

fn as_text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
