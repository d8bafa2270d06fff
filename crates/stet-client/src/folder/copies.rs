//! Copies of the store that are made before something large is applied to it, in the data folder. The last few are kept.

use std::fs;
use std::path::Path;

use stet_store::Reader;

use crate::client::DATABASE;

/// Copies kept: something large happens once in years, and a second time right after the first.
const KEPT: usize = 3;

/// Makes one, and gives its name. An error says in words why there is none.
pub(crate) fn make(reader: &Reader, folder: &Path) -> Result<String, String> {
    let before = numbers(folder);
    let name = name(before.last().map_or(1, |last| last + 1));
    reader.backup(&folder.join(&name)).map_err(|error| error.to_string())?;
    for old in before.iter().rev().skip(KEPT - 1) {
        // A copy too many is no reason to stop.
        drop(fs::remove_file(folder.join(self::name(*old))));
    }
    Ok(name)
}

fn name(number: u32) -> String {
    format!("{DATABASE}.kept-{number}")
}

/// The numbers of the copies there are, in order.
fn numbers(folder: &Path) -> Vec<u32> {
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let number =
        |file: fs::DirEntry| file.file_name().to_str()?.strip_prefix(&name(0)[..name(0).len() - 1])?.parse().ok();
    let mut numbers: Vec<u32> = files.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use stet_store::{Options, open};

    use super::{make, numbers};

    #[test]
    fn the_last_copies_are_kept_and_each_is_a_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let (_writer, reader) = open(&folder.path().join("notes.sqlite"), &Options::default()).expect("opens");
        let made: Vec<String> = (0..5).map(|_| make(&reader, folder.path()).expect("is made")).collect();
        assert_eq!(made.last().map(String::as_str), Some("notes.sqlite.kept-5"));
        assert_eq!(numbers(folder.path()), [3, 4, 5]);
        assert!(open(&folder.path().join(&made[4]), &Options::default()).is_ok());
    }
}
