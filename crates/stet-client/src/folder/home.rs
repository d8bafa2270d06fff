//! Where a store is: what the system calls this machine, and the folder. Read once at the start; never what follows from it.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::engine::{Folder, Home};

/// Digits of the names systems give: 128 bits.
const DIGITS: usize = 32;

/// Where this folder is, as far as the system says so.
pub(crate) fn of(folder: &Path) -> Home {
    let machine = machine_uid::get().inspect_err(|error| tracing::debug!(%error, "the machine has no name"));
    Home {
        machine: machine.ok().filter(|name| is_name(name)),
        folder: std::fs::metadata(folder).ok().as_ref().and_then(identity),
    }
}

/// A system that isn't set up yet says so in the name's place.
fn is_name(name: &str) -> bool {
    let digits = name.chars().filter(|character| *character != '-');
    digits.clone().all(|digit| digit.is_ascii_hexdigit()) && digits.count() == DIGITS
}

/// The device a file system is on is left out: its number may change whenever it is mounted.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<Folder> {
    let inode = std::os::unix::fs::MetadataExt::ino(metadata);
    made_at(metadata).map(|made_at| Folder { inode, made_at })
}

/// The number of a file isn't told without opening it.
#[cfg(not(unix))]
const fn identity(_: &Metadata) -> Option<Folder> {
    None
}

/// When the file system keeps no such time, some say zero.
#[cfg(unix)]
fn made_at(metadata: &Metadata) -> Option<i64> {
    let since = metadata.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().filter(|at| *at > 0)
}

#[cfg(test)]
mod tests {
    use super::{is_name, of};

    #[test]
    fn a_home_is_the_same_each_time_it_is_looked_at() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = of(folder.path());
        assert_eq!(of(folder.path()), home);
        let beside = of(tempfile::tempdir().expect("a folder").path());
        assert_eq!(beside.machine, home.machine);
        assert!(home.folder.is_none() || beside.folder != home.folder);
    }

    #[test]
    fn only_what_systems_give_as_a_name_is_one() {
        assert!(is_name("b08dfa6083e7567a1921a715000001fb"));
        assert!(is_name("4C4C4544-0052-3510-8057-B4C04F4D5331"));
        for name in ["", "uninitialized", "b08dfa6083e7567a1921a71500000", "not-a-name-but-as-long-as-one-is"] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
