//! A frame as a log may show it: its shape, ids and numbers. Never a token, a text somebody wrote, or an operation.

use std::fmt::Write as _;

use super::{Frame, Tree, tree};

/// The fields whose text is shown; any other text only by its length.
const SHOWN: &[&str] = &[
    "type",
    "id",
    "noteId",
    "noteIds",
    "spaceId",
    "folderId",
    "parentId",
    "deviceId",
    "userId",
    "fromUserId",
    "fromDeviceId",
    "connectionId",
    "storeId",
    "lineage",
    "role",
    "platform",
    "appVersion",
    "reason",
    "code",
    "digest",
    "message",
];
/// Longer than every id, digest and text of the protocol; what is beyond is somebody else's.
const SHOWN_CHARS: usize = 128;
/// A log line stays a line.
const LINE_BYTES: usize = 4096;

/// The frame's message in a form like JSON, cut to about 4 KiB: texts that people write and bytes are shown as
/// their length only.
pub fn redacted(frame: &Frame) -> String {
    let tree = match frame {
        Frame::Text(text) => tree::from_json(text),
        Frame::Binary(bytes) => tree::from_message_pack(bytes),
    };
    let mut line = String::new();
    match tree {
        Ok(tree) => show(&mut line, "", &tree),
        Err(error) => line = format!("<{} bytes: {error}>", frame.len()),
    }
    line
}

fn show(line: &mut String, name: &str, tree: &Tree<'_>) {
    // Writing to a text can't fail.
    let _ = match tree {
        Tree::Null => write!(line, "null"),
        Tree::Bool(value) => write!(line, "{value}"),
        Tree::Unsigned(value) => write!(line, "{value}"),
        Tree::Signed(value) => write!(line, "{value}"),
        Tree::Float(value) => write!(line, "{value}"),
        Tree::Text(text) if SHOWN.contains(&name) && text.len() <= SHOWN_CHARS => write!(line, "{text:?}"),
        Tree::Text(text) => write!(line, "<text of {}>", text.len()),
        Tree::Bytes(bytes) => write!(line, "<bytes {}>", bytes.len()),
        Tree::List(values) => {
            line.push('[');
            for (place, value) in values.iter().enumerate() {
                if !room(line, place) {
                    break;
                }
                show(line, name, value);
            }
            write!(line, "]")
        }
        // Reserved for what people do to a text: even its names are theirs.
        Tree::Map(fields) if name == "state" => write!(line, "<{} fields>", fields.len()),
        Tree::Map(fields) => {
            line.push('{');
            for (place, (name, value)) in fields.iter().enumerate() {
                if !room(line, place) {
                    break;
                }
                let _ = write!(line, "{:?}:", name.chars().take(SHOWN_CHARS).collect::<String>());
                show(line, name, value);
            }
            write!(line, "}}")
        }
    };
}

/// Puts in the comma before the next value, or an ellipsis when the line is full.
fn room(line: &mut String, place: usize) -> bool {
    let full = line.len() > LINE_BYTES;
    match (full, place) {
        (true, _) => line.push('…'),
        (false, 0) => {}
        (false, _) => line.push(','),
    }
    !full
}
