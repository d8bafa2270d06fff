//! Where tokens come from. Reads a file when one is named; knows nothing of connections.

use crate::config::TokenSource;

/// Largest token file read, bytes.
const TOKEN_BYTES: u64 = 64 * 1024;

/// The token to sign in with, or in words why there is none.
///
/// # Errors
/// When no source is set or the file can't be read.
pub(crate) fn fetch(source: &TokenSource) -> Result<String, String> {
    match source {
        TokenSource::None => Err("You aren't signed in: no token is set. Start Stet with STET_TOKEN or \
                                  STET_TOKEN_FILE, or with the run command of the README."
            .to_owned()),
        TokenSource::Given(token) => Ok(token.clone()),
        TokenSource::File(path) => {
            let shown = path.display();
            let length = std::fs::metadata(path).map(|metadata| metadata.len());
            let length = length.map_err(|error| format!("The token file {shown} can't be read: {error}."))?;
            if length > TOKEN_BYTES {
                return Err(format!("The token file {shown} holds no token: it is {length} bytes long."));
            }
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("The token file {shown} can't be read: {error}."))?;
            let token = text.trim().to_owned();
            if token.is_empty() { Err(format!("The token file {shown} is empty.")) } else { Ok(token) }
        }
    }
}
