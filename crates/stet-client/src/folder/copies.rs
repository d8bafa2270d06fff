//! Copies of the store that are made before something large is applied to it, in the data folder. The last few are kept.

use std::fs;
use std::path::Path;

use stet_store::Reader;

use crate::client::DATABASE;
use crate::engine::Occasion;

/// What copies for a cause are called before their number, and how many are kept. People decide once in years, and a second
/// time right after the first; what the app does by itself must not put such copies away.
const fn kind(occasion: Occasion) -> (&'static str, usize) {
    match occasion {
        Occasion::Decision => ("kept", 3),
        Occasion::Comparison => ("compared", 1),
        Occasion::Adoption => ("level1", 1),
    }
}

/// Makes one, and gives its name. An error says in words why there is none.
pub(crate) fn make(reader: &Reader, folder: &Path, occasion: Occasion) -> Result<String, String> {
    let (word, kept) = kind(occasion);
    let before = numbers(folder, word);
    let name = name(word, before.last().map_or(1, |last| last + 1));
    reader.backup(&folder.join(&name)).map_err(|error| error.to_string())?;
    for old in before.iter().rev().skip(kept - 1) {
        // A copy too many is no reason to stop.
        drop(fs::remove_file(folder.join(self::name(word, *old))));
    }
    Ok(name)
}

fn name(word: &str, number: u32) -> String {
    format!("{DATABASE}.{word}-{number}")
}

/// The numbers of the copies there are, in order.
fn numbers(folder: &Path, word: &str) -> Vec<u32> {
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let before = format!("{DATABASE}.{word}-");
    let number = |file: fs::DirEntry| file.file_name().to_str()?.strip_prefix(&before)?.parse().ok();
    let mut numbers: Vec<u32> = files.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use stet_store::{Options, open};

    use super::{Occasion, make, numbers};

    #[test]
    fn the_last_copies_are_kept_and_each_is_a_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let (_writer, reader) = open(&folder.path().join("notes.sqlite"), &Options::default()).expect("opens");
        let made: Vec<String> =
            (0..5).map(|_| make(&reader, folder.path(), Occasion::Decision).expect("is made")).collect();
        assert_eq!(made.last().map(String::as_str), Some("notes.sqlite.kept-5"));
        for _ in 0..2 {
            make(&reader, folder.path(), Occasion::Comparison).expect("is made");
        }
        assert_eq!((numbers(folder.path(), "kept"), numbers(folder.path(), "compared")), (vec![3, 4, 5], vec![2]));
        assert!(open(&folder.path().join(&made[4]), &Options::default()).is_ok());
    }
}
