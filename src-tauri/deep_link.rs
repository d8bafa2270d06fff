//! Links into the app, `stet://note/<id>`: what they mean. Opening what they name is the window's part.

use stet_model::id::NoteId;
use tauri::Url;

/// The scheme the package registers for the app.
const SCHEME: &str = "stet";

/// The note a link names. None for a link that names none: then the app is shown as it is.
pub fn note(link: &str) -> Option<NoteId> {
    let url = Url::parse(link).ok().filter(|url| url.scheme() == SCHEME)?;
    let id = url.path().trim_matches('/');
    (url.host_str()? == "note").then(|| id.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::note;

    const ID: &str = "0198c5f2-9c1e-7d2a-8b3f-0a1b2c3d4e5f";

    #[test]
    fn a_note_link_names_its_note_with_or_without_a_query_and_a_last_slash() {
        for link in [format!("stet://note/{ID}"), format!("stet://note/{ID}/?from=mail"), format!("STET://note/{ID}#x")]
        {
            assert_eq!(note(&link).map(|id| id.to_string()).as_deref(), Some(ID), "{link}");
        }
    }

    #[test]
    fn anything_else_names_no_note() {
        let other = format!("https://note/{ID}");
        for link in ["", "stet:", "stet://", "stet://note/", "stet://note/7", "stet://folder/7", "--hidden", &other] {
            assert_eq!(note(link), None, "{link}");
        }
    }
}
