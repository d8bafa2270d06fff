//! The protocol page and the code say the same: every message, field, code, text and limit of the code is on the page.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use serde_json::Value;
use stet_protocol::close::CloseCode;
use stet_protocol::codec::Message;
use stet_protocol::message::{AuthFailure, ErrorCode, Limits, level1, level2};
use stet_protocol::{limits, texts};

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// The words within `code marks`, where names of the protocol stand.
fn code_words() -> BTreeSet<&'static str> {
    let spans = PAGE.split('`').skip(1).step_by(2);
    spans.flat_map(|span| span.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')).collect()
}

fn assert_on_page<'a>(names: impl IntoIterator<Item = &'a str>) {
    let words = code_words();
    let missing: Vec<_> = names.into_iter().filter(|name| !words.contains(name)).collect();
    assert!(missing.is_empty(), "docs/protocol.md doesn't name {missing:?}");
}

#[test]
fn every_message_is_on_the_page() {
    let sets = [
        level1::ClientMessage::TYPES,
        level1::ServerMessage::TYPES,
        level2::ClientMessage::TYPES,
        level2::ServerMessage::TYPES,
    ];
    assert_on_page(sets.concat());
}

#[test]
fn every_error_code_and_reason_is_on_the_page() {
    assert_on_page(ErrorCode::ALL.iter().map(|code| code.name()));
    assert_on_page(AuthFailure::ALL.iter().map(|reason| reason.name()));
}

#[test]
fn names_on_the_wire_are_those_of_the_enums() {
    for code in ErrorCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        assert_eq!(serde_json::from_value::<ErrorCode>(code.name().into()).unwrap(), *code);
    }
    for reason in AuthFailure::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        assert_eq!(serde_json::from_value::<AuthFailure>(reason.name().into()).unwrap(), *reason);
    }
}

#[test]
fn every_close_code_has_its_row() {
    for code in CloseCode::ALL {
        let row = format!("| {} | ", code.number());
        assert!(PAGE.contains(&row), "docs/protocol.md has no row for close code {code}");
        assert_eq!(CloseCode::from_number(code.number()), Some(code));
    }
    assert_eq!(CloseCode::from_number(1001), None);
}

#[test]
fn every_text_is_on_the_page() {
    for (message, text) in [
        ("connection_established", texts::CONNECTION_ESTABLISHED),
        ("auth_success", texts::AUTH_SUCCESS),
        ("auth_failed", texts::AUTH_FAILED),
        ("note_joined", texts::NOTE_JOINED),
    ] {
        assert!(PAGE.contains(&format!("| `{message}` | {text} |")), "docs/protocol.md lacks the text of {message}");
    }
}

/// The names of the fields of every canonical message there is, except what a `state` holds and the spaces of `seqs`.
fn fields() -> BTreeSet<String> {
    let files = [
        include_str!("vectors/level1-client.json"),
        include_str!("vectors/level1-server.json"),
        include_str!("vectors/level2-client.json"),
        include_str!("vectors/level2-server.json"),
    ];
    let mut names = BTreeSet::new();
    for file in files {
        for vector in serde_json::from_str::<Vec<Value>>(file).unwrap() {
            collect(vector.get("canonical").unwrap_or(&vector["json"]), &mut names);
        }
    }
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                if name != "state" && name != "seqs" {
                    collect(value, names);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_is_on_the_page() {
    let fields = fields();
    assert!(fields.len() > 60, "the vectors hold only {} fields", fields.len());
    assert_on_page(fields.iter().map(String::as_str));
}

fn bytes(bytes: u64) -> String {
    let kib = bytes / 1024;
    assert_eq!(kib * 1024, bytes);
    if kib.is_multiple_of(1024) { format!("{} MiB", kib / 1024) } else { format!("{kib} KiB") }
}

fn time(ms: u64) -> String {
    const DAY: u64 = 86_400_000;
    match ms {
        _ if ms.is_multiple_of(DAY) && ms > DAY => format!("{} days", ms / DAY),
        _ if ms.is_multiple_of(3_600_000) => format!("{} h", ms / 3_600_000),
        _ => format!("{} s", ms / 1000),
    }
}

fn count(count: usize) -> String {
    let digits = count.to_string();
    if digits.len() > 3 { format!("{},{}", &digits[..digits.len() - 3], &digits[digits.len() - 3..]) } else { digits }
}

fn number(number: impl TryInto<usize>) -> String {
    count(number.try_into().ok().unwrap())
}

/// Name of the constant, its row on the page, its value as the page writes it.
macro_rules! rows {
    ($($name:ident: $row:literal = $written:ident),+ $(,)?) => {
        [$((stringify!($name), $row, $written(limits::$name))),+]
    };
}

fn rows() -> impl IntoIterator<Item = (&'static str, &'static str, String)> {
    rows! {
        OPENING_MESSAGE_BYTES: "a message before a good `auth`; no more is read of a socket until then" = bytes,
        LEVEL1_MESSAGE_BYTES: "a level-1 message" = bytes,
        LEVEL1_MESSAGES_PER_MINUTE: "level-1 messages a minute" = number,
        LEVEL1_SESSION_MS: "a level-1 session on one token" = time,
        MESSAGE_BYTES: "a level-2 message (`messageBytes`)" = bytes,
        UPDATE_BYTES_PER_MINUTE: "level-2 operations a minute (`updateBytesPerMinute`)" = bytes,
        MESSAGES_PER_MINUTE: "other level-2 messages a minute (`messagesPerMinute`)" = number,
        NOTE_BYTES: "title and body of a note, in UTF-8 (`noteBytes`)" = bytes,
        UPDATES_IN_FLIGHT: "unanswered updates of a connection (`updatesInFlight`)" = number,
        BYTES_IN_FLIGHT: "unanswered operations of a connection (`bytesInFlight`)" = bytes,
        BATCH_BYTES: "rows of a `sync_batch`" = bytes,
        UPDATE_BYTES: "operations of a `note_update` from our client" = bytes,
        PASTE_PIECE_BYTES: "a paste's piece" = bytes,
        FOLDED_ROW_BYTES: "a folded row, before it is packed" = bytes,
        NEWEST_NOTES: "`newest` of a `sync`" = number,
        NOTE_IDS: "`noteIds` of a `sync`; with more it is `too-large`" = number,
        CATCH_UPS: "catch-ups of a connection at a time; one more is `rate-limited`" = number,
        REQUEST_ID_BYTES:
            "bytes of the `id` of a `note_update` or `note_purge`, at least 1; any other is `malformed`" = number,
        SOCKETS_PER_USER: "sockets of a user" = number,
        AUTH_TIMEOUT_MS: "time to authenticate" = time,
        HEARTBEAT_MS: "silence before a ping" = time,
        PONG_TIMEOUT_MS: "silence after a ping" = time,
        ANSWER_TIMEOUT_MS: "time to answer a request" = time,
        MALFORMED_PER_MINUTE: "frames within a minute that aren't messages; the last of them closes the socket" = number,
        RECEIVED_INTERVAL_MS: "time between two `received`" = time,
        PRESENCE_REFRESH_MS: "presence is refreshed every" = time,
        PRESENCE_EXPIRY_MS: "presence is dropped after" = time,
        RECONNECT_BASE_MS: "first ceiling of the wait to reconnect" = time,
        RECONNECT_FACTOR: "its factor" = number,
        RECONNECT_CAP_MS: "its cap" = time,
        RECONNECT_ATTEMPTS: "attempts before the state is `error`" = number,
        RECONNECT_SLOW_MS: "wait between attempts from then on" = time,
        MERGE_BASES: "candidates for a level-1 base" = number,
        MERGE_BASE_AGE_MS: "age of such a candidate" = time,
        MESSAGE_DEPTH: "objects and lists within each other in a message" = number,
        MESSAGE_VALUES: "values in a message" = number,
    }
}

#[test]
fn every_limit_has_its_row_with_its_default() {
    let mut checked = BTreeSet::new();
    for (name, row, value) in rows() {
        assert!(
            PAGE.contains(&format!("\n| {row} | {value} |\n")),
            "docs/protocol.md: {name} should read | {row} | {value} |"
        );
        checked.insert(name);
    }
    let source = include_str!("../src/limits.rs");
    let declared = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    assert_eq!(declared.collect::<BTreeSet<_>>(), checked);
}

#[test]
fn the_limits_a_server_announces_are_the_defaults() {
    let Limits {
        message_bytes,
        update_bytes_per_minute,
        messages_per_minute,
        note_bytes,
        updates_in_flight,
        bytes_in_flight,
    } = Limits::default();
    assert_eq!(
        [message_bytes, update_bytes_per_minute, messages_per_minute, note_bytes, updates_in_flight, bytes_in_flight],
        [
            limits::MESSAGE_BYTES,
            limits::UPDATE_BYTES_PER_MINUTE,
            limits::MESSAGES_PER_MINUTE,
            limits::NOTE_BYTES,
            limits::UPDATES_IN_FLIGHT,
            limits::BYTES_IN_FLIGHT,
        ]
    );
}

#[test]
fn the_page_numbers_its_thirteen_rules() {
    for rule in 1..=13 {
        assert!(PAGE.contains(&format!("\n{rule}. **")), "docs/protocol.md lacks rule {rule}");
    }
}
