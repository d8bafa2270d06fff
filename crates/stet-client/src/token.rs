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
        TokenSource::Kept(path) if !path.exists() => Err(format!(
            "You aren't signed in: there is no token. Put the one that the server made for you into the file {}, or start \
             Stet with STET_TOKEN or STET_TOKEN_FILE. Then reconnect.",
            path.display()
        )),
        TokenSource::Given(token) => Ok(token.clone()),
        TokenSource::Kept(path) | TokenSource::File(path) => {
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

#[cfg(test)]
mod tests {
    use super::fetch;
    use crate::config::TokenSource;

    #[test]
    fn a_token_put_into_the_data_folder_is_found_at_the_next_sign_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let source = TokenSource::Kept(path.clone());
        let missing = fetch(&source).unwrap_err();
        assert!(missing.contains(&path.display().to_string()), "it says where one goes: {missing}");
        std::fs::write(&path, "a.b.c\n").unwrap();
        assert_eq!(fetch(&source), Ok("a.b.c".to_owned()));
        std::fs::write(&path, " \n").unwrap();
        assert!(fetch(&source).is_err());
    }
}
