//! The server's Ed25519 key and its file. Never a token.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The file's name in the data folder.
const FILE: &str = "token-key";
/// An Ed25519 private key in PKCS #8 is these bytes and then the seed.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("the server's key {path} can't be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file isn't a key.
    #[error("{0} is not a key: put the file back from a backup, or remove it and make every user a new token")]
    Damaged(PathBuf),
    /// No randomness.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// An Ed25519 key.
pub(super) struct SigningKey([u8; 32]);

impl SigningKey {
    #[cfg(test)]
    pub(super) const fn from_seed(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    pub(super) fn pkcs8(&self) -> Vec<u8> {
        [PKCS8.as_slice(), &self.0].concat()
    }

    pub(super) fn public(&self) -> [u8; 32] {
        ed25519_dalek::SigningKey::from_bytes(&self.0).verifying_key().to_bytes()
    }
}

/// The key in this folder. Two who make it at the same time end up with the same one.
pub(super) fn load_or_make(data: &Path) -> Result<SigningKey, KeyError> {
    let path = data.join(FILE);
    let failed = |source| KeyError::File { path: path.clone(), source };
    match fs::read(&path) {
        Ok(bytes) => return bytes.try_into().map(SigningKey).map_err(|_| KeyError::Damaged(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(KeyError::Random)?;
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(KeyError::Random)?;
    let draft = data.join(format!("{FILE}.{:016x}", u64::from_ne_bytes(name)));
    write_private(&draft, &seed).map_err(failed)?;
    // A link never replaces what is there: whoever comes second reads the first one's key.
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Ok(()) => Ok(SigningKey(seed)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let bytes = fs::read(&path).map_err(failed)?;
            bytes.try_into().map(SigningKey).map_err(|_| KeyError::Damaged(path))
        }
        Err(error) => Err(failed(error)),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_can_read_it() {
        let data = tempfile::tempdir().unwrap();
        let first = load_or_make(data.path()).unwrap();
        let second = load_or_make(data.path()).unwrap();
        assert_eq!(first.0, second.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(data.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_key_is_an_error_and_not_a_new_key() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join(FILE), b"short").unwrap();
        assert!(matches!(load_or_make(data.path()), Err(KeyError::Damaged(_))));
    }
}
