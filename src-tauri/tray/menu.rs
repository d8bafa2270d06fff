//! The tray's menu: its items, changed in place so that an open menu doesn't flicker, and what each of them asks for.

use stet_client::api::CommandError;
use stet_client::api::command::{CreateNote, Pause, Reconnect, SyncNow};
use stet_client::desktop::{Tray as Wanted, TrayIcon as Picture};
use stet_model::id::NoteId;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu as Native, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Manager, Wry};

use crate::shell::Shell;
use crate::{quit, window};

/// Recent notes in the menu.
const RECENT: usize = 5;
/// Longest title in the menu, in characters: a menu is as wide as its longest line.
const TITLE_CHARS: usize = 40;
/// Ids of the menu's items; a recent note's is this prefix and the note's id.
const NOTE: &str = "note:";
const OPEN: &str = "open";
const NEW: &str = "new";
const SYNC: &str = "sync";
const PAUSE: &str = "pause";
const QUIT: &str = "quit";

/// The items that change.
pub struct Menu {
    status: MenuItem<Wry>,
    sync: MenuItem<Wry>,
    pause: CheckMenuItem<Wry>,
    recent: Submenu<Wry>,
    notes: Vec<(NoteId, MenuItem<Wry>)>,
}

impl Menu {
    /// The menu before the engine has said anything, and its native form.
    pub fn new(app: &AppHandle) -> tauri::Result<(Self, Native<Wry>)> {
        let status = MenuItem::with_id(app, "status", "Starting…", false, None::<&str>)?;
        let open = MenuItem::with_id(app, OPEN, "Open Stet", true, None::<&str>)?;
        let new = MenuItem::with_id(app, NEW, "New note", true, None::<&str>)?;
        let recent = Submenu::with_id(app, "recent", "Recent notes", false)?;
        let sync = MenuItem::with_id(app, SYNC, "Sync now", false, None::<&str>)?;
        let pause = CheckMenuItem::with_id(app, PAUSE, "Pause syncing", false, false, None::<&str>)?;
        let quit = MenuItem::with_id(app, QUIT, "Quit", true, None::<&str>)?;
        let line = || PredefinedMenuItem::separator(app);
        let lines = (line()?, line()?, line()?);
        let items: [&dyn IsMenuItem<Wry>; 10] =
            [&status, &lines.0, &open, &new, &recent, &lines.1, &sync, &pause, &lines.2, &quit];
        let native = Native::with_items(app, &items)?;
        Ok((Self { status, sync, pause, recent, notes: Vec::new() }, native))
    }

    /// Changes what differs from `before`.
    pub fn show(&mut self, app: &AppHandle, before: Option<&Wanted>, wanted: &Wanted) -> tauri::Result<()> {
        if before.is_none_or(|before| before.status_line != wanted.status_line) {
            self.status.set_text(plain(&wanted.status_line))?;
        }
        let syncs = wanted.icon != Picture::Local;
        let before_syncs = before.map(|before| (before.icon != Picture::Local, before.can_reconnect));
        if before_syncs != Some((syncs, wanted.can_reconnect)) {
            self.sync.set_text(if wanted.can_reconnect { "Reconnect" } else { "Sync now" })?;
            self.sync.set_enabled(syncs)?;
            self.pause.set_enabled(syncs)?;
        }
        // Always: a click has toggled the mark already, whether or not the engine did as asked.
        if self.pause.is_checked()? != wanted.paused {
            self.pause.set_checked(wanted.paused)?;
        }
        if before.is_none_or(|before| before.recent != wanted.recent) {
            self.show_recent(app, &wanted.recent)?;
        }
        Ok(())
    }

    /// New titles are set in place; items are only made anew when the notes or their order changed.
    fn show_recent(&mut self, app: &AppHandle, recent: &[(NoteId, String)]) -> tauri::Result<()> {
        let recent = &recent[..recent.len().min(RECENT)];
        let same = self.notes.iter().map(|(id, _)| id).eq(recent.iter().map(|(id, _)| id));
        if !same {
            for (_, item) in self.notes.drain(..) {
                self.recent.remove(&item)?;
            }
        }
        for (index, (id, title)) in recent.iter().enumerate() {
            let line = line_of(title);
            if let Some((_, item)) = self.notes.get(index) {
                item.set_text(&line)?;
            } else {
                let item = MenuItem::with_id(app, format!("{NOTE}{id}"), &line, true, None::<&str>)?;
                self.recent.append(&item)?;
                self.notes.push((*id, item));
            }
        }
        self.recent.set_enabled(!recent.is_empty())
    }
}

/// A menu item was chosen.
pub fn chosen(app: &AppHandle, id: &str) {
    match id {
        OPEN => window::show(app, None),
        NEW => ask(app, |app| async move {
            let note = CreateNote { folder_id: None, title: String::new(), body: String::new() };
            let created = app.state::<Shell>().ask(note).await?;
            window::show(&app, Some(created.note_id));
            Ok(())
        }),
        SYNC => ask(app, |app| async move {
            let shell = app.state::<Shell>();
            if shell.tray.wants(|wanted| wanted.can_reconnect) {
                shell.ask(Reconnect {}).await?;
            } else {
                shell.ask(SyncNow {}).await?;
            }
            Ok(())
        }),
        PAUSE => ask(app, |app| async move {
            let shell = app.state::<Shell>();
            let paused = shell.tray.wants(|wanted| wanted.paused);
            let answer = shell.ask(Pause { paused: !paused }).await;
            super::refresh(&app);
            answer.map(|_| ())
        }),
        QUIT => {
            tauri::async_runtime::spawn(quit::quit(app.clone(), quit::Words::Unsent));
        }
        _ => {
            if let Some(note) = id.strip_prefix(NOTE).and_then(|id| id.parse().ok()) {
                window::show(app, Some(note));
            }
        }
    }
}

fn ask<F>(app: &AppHandle, work: impl FnOnce(AppHandle) -> F)
where
    F: Future<Output = Result<(), CommandError>> + Send + 'static,
{
    let work = work(app.clone());
    tauri::async_runtime::spawn(async move {
        if let Err(error) = work.await {
            tracing::warn!(%error, "the tray's menu asked for something that failed");
        }
    });
}

fn line_of(title: &str) -> String {
    let title = title.trim();
    if title.is_empty() {
        return "Untitled".to_owned();
    }
    let mut line: String = title.chars().take(TITLE_CHARS).collect();
    if title.chars().count() > TITLE_CHARS {
        line.push('…');
    }
    plain(&line)
}

/// Menus underline the letter after `&`; in a title it is just a character.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::line_of;

    #[test]
    fn a_title_in_the_menu_is_one_short_line_without_marks_of_its_own() {
        assert_eq!(line_of("Salt & pepper"), "Salt && pepper");
        assert_eq!(line_of("  "), "Untitled");
        assert_eq!(line_of(&"ä".repeat(41)), format!("{}…", "ä".repeat(40)));
        assert_eq!(line_of(&"ä".repeat(40)), "ä".repeat(40));
    }
}
