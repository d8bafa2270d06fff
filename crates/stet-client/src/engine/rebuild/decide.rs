//! What becomes of a document that was made anew from the server's rows: pure decisions. No documents, no writes.

use stet_model::document::Version;

/// A document as one side has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) version: Version,
    /// The digest of what it says.
    pub(super) digest: u128,
    pub(super) title: String,
    pub(super) body: String,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Both hold the same and say the same.
    Same,
    /// The server lacks something that was taken for confirmed: it is sent again.
    Send,
    /// What is here gives way to what the server's rows say.
    Take {
        /// What it said has something that would be gone: it is kept as a note of its own.
        keep: bool,
    },
}

/// Holds the two sides of a settled document against each other.
pub(super) fn decide(here: &Side, there: &Side) -> Verdict {
    if !there.version.includes(&here.version) {
        // Operations are never given up: theirs and ours are put together by sending what they lack.
        return Verdict::Send;
    }
    if here.version == there.version && here.digest == there.digest {
        return Verdict::Same;
    }
    Verdict::Take { keep: !contains(there, here) }
}

/// Whether everything that was written is in the new text: every line that isn't blank, in order, and the title.
fn contains(new: &Side, former: &Side) -> bool {
    let lines =
        |text: &'_ str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let (wanted, mut there): (Vec<String>, Vec<String>) = (lines(&former.body), lines(&new.body));
    let title = former.title.trim();
    let titled = title.is_empty() || new.title.contains(title) || there.iter().any(|line| line.contains(title));
    let mut rest = there.drain(..);
    titled && wanted.iter().all(|line| rest.any(|other| other.contains(line.as_str())))
}

#[cfg(test)]
mod tests {
    use stet_model::document::{NoteDocument, NoteEdit, Version};
    use stet_model::id::PeerId;

    use super::{Side, Verdict, decide};

    /// Versions that grow: one operation more each.
    fn versions() -> [Version; 3] {
        let mut note = NoteDocument::new(PeerId(1));
        let empty = note.head();
        let [one, two] = [true, false].map(|on| {
            note.edit(&NoteEdit::Starred(on), 0).unwrap();
            note.head()
        });
        [empty, one, two]
    }

    fn side(version: &Version, title: &str, body: &str) -> Side {
        let digest = (title.len() * 1_000 + body.len()) as u128;
        Side { version: version.clone(), digest, title: title.to_owned(), body: body.to_owned() }
    }

    #[test]
    fn what_is_the_same_stays() {
        let [_, one, _] = versions();
        assert_eq!(decide(&side(&one, "T", "a"), &side(&one, "T", "a")), Verdict::Same);
    }

    #[test]
    fn what_the_server_lacks_is_sent_and_never_given_up() {
        let [empty, one, two] = versions();
        assert_eq!(decide(&side(&two, "T", "ab"), &side(&one, "T", "a")), Verdict::Send);
        assert_eq!(decide(&side(&one, "T", "a"), &side(&empty, "", "")), Verdict::Send);
    }

    #[test]
    fn text_that_would_be_gone_is_kept_and_text_that_is_still_there_is_not() {
        let [_, one, two] = versions();
        for (former, new, keep) in [
            (("T", "a\nb"), ("T", "a\nx\nb"), false),
            (("T", "a\n\n  b"), ("T", "b\na\nb"), false),
            (("T", "a\nb"), ("T", "b\na"), true),
            (("T", "a\nlost"), ("T", "a"), true),
            (("Old", "a"), ("New", "a"), true),
            (("Old", "a"), ("The Old one", "a"), false),
            (("", ""), ("New", "text"), false),
        ] {
            let here = side(&one, former.0, former.1);
            let there = side(&two, new.0, new.1);
            assert_eq!(decide(&here, &there), Verdict::Take { keep }, "{former:?} and {new:?}");
        }
    }

    #[test]
    fn the_same_operations_that_say_something_else_give_way_too() {
        let [_, one, _] = versions();
        assert_eq!(decide(&side(&one, "T", "ab"), &side(&one, "T", "abc")), Verdict::Take { keep: false });
    }
}
