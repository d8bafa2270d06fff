//! Opens links outside the app, in the programs the system has for them. Only schemes that are safe to hand over.

use stet_client::api::{CommandError, ErrorCode};
use tauri::Url;

/// What a note may open. Everything else (files, scripts, other programs' schemes) stays closed.
const SCHEMES: &[&str] = &["http", "https", "mailto"];

/// Opens a link in the system's browser or mail program.
///
/// # Errors
/// When the scheme isn't one of http, https and mailto, or no program could be started.
pub fn open(link: &str) -> Result<(), CommandError> {
    let url = checked(link)?;
    tauri_plugin_opener::open_url(url, None::<&str>)
        .map_err(|error| CommandError::new(ErrorCode::Internal, format!("No program opened the link: {error}")))
}

fn checked(link: &str) -> Result<String, CommandError> {
    match Url::parse(link.trim()) {
        Ok(url) if SCHEMES.contains(&url.scheme()) => Ok(url.into()),
        _ => Err(CommandError::new(
            ErrorCode::Invalid,
            "Only web addresses (http, https) and mail addresses (mailto) are opened.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn web_and_mail_addresses_pass() {
        for link in ["https://example.org/a?b#c", " http://127.0.0.1:8080 ", "mailto:ann@example.org"] {
            assert!(checked(link).is_ok(), "{link}");
        }
    }

    #[test]
    fn files_scripts_and_other_programs_schemes_stay_closed() {
        for link in ["file:///etc/passwd", "javascript:alert(1)", "smb://host/share", "stet://note/7", "--help", ""] {
            assert!(checked(link).is_err(), "{link}");
        }
    }
}
