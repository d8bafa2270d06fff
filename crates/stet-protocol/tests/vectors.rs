//! Runs the vectors of `tests/vectors`: every frame is decoded, the message encoded again both ways and compared with
//! what is stored. The vectors are data for other implementations too; nothing here is needed to understand them.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use stet_model::digest::LogDigest;
use stet_model::id::NoteId;
use stet_protocol::codec::{Encoding, Frame, Message, decode, encode, redacted};
use stet_protocol::message::{ErrorCode, level1, level2};

const MAX_BYTES: usize = 1 << 20;

const FILES: &[(&str, &str)] = &[
    ("level1-client.json", include_str!("vectors/level1-client.json")),
    ("level1-server.json", include_str!("vectors/level1-server.json")),
    ("level2-client.json", include_str!("vectors/level2-client.json")),
    ("level2-server.json", include_str!("vectors/level2-server.json")),
    ("seed.json", include_str!("vectors/seed.json")),
    ("tolerant.json", include_str!("vectors/tolerant.json")),
    ("invalid.json", include_str!("vectors/invalid.json")),
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Vector {
    name: String,
    level: u32,
    direction: Direction,
    json: Option<Value>,
    text: Option<String>,
    canonical: Option<Value>,
    messagepack: Option<String>,
    also_messagepack: Option<String>,
    invalid: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Client,
    Server,
}

fn vectors() -> Vec<Vector> {
    FILES
        .iter()
        .flat_map(|(file, text)| {
            serde_json::from_str::<Vec<Vector>>(text).unwrap_or_else(|error| panic!("{file}: {error}"))
        })
        .collect()
}

impl Vector {
    /// What is to be decoded, each under a name for the failure.
    fn frames(&self) -> Vec<(&'static str, Frame)> {
        let mut frames = Vec::new();
        if let Some(json) = &self.json {
            frames.push(("json", Frame::Text(json.to_string())));
            if self.invalid.is_none() {
                frames.push(("json as MessagePack", Frame::Binary(rmp_serde::to_vec_named(json).unwrap())));
            }
        }
        frames.extend(self.text.clone().map(|text| ("text", Frame::Text(text))));
        for (name, packed) in [("messagepack", &self.messagepack), ("alsoMessagepack", &self.also_messagepack)] {
            frames.extend(packed.as_ref().map(|packed| (name, Frame::Binary(STANDARD.decode(packed).unwrap()))));
        }
        frames
    }

    fn check<M: Message + PartialEq + Debug>(&self) {
        match &self.invalid {
            Some(reason) => self.check_refused::<M>(reason),
            None => self.check_understood::<M>(),
        }
    }

    fn check_refused<M: Message + Debug>(&self, reason: &str) {
        let frames = self.frames();
        assert!(!frames.is_empty(), "{} has no frame", self.name);
        for (form, frame) in frames {
            let error = decode::<M>(&frame, MAX_BYTES).expect_err(&self.name);
            assert_eq!(error.reason(), reason, "{} ({form}): {error}", self.name);
            assert_eq!(error.code(), ErrorCode::Malformed, "{} ({form})", self.name);
        }
    }

    fn check_understood<M: Message + PartialEq + Debug>(&self) {
        let name = &self.name;
        let json = self.json.as_ref().unwrap();
        let canonical = self.canonical.as_ref().unwrap_or(json);
        let stored = STANDARD.decode(self.messagepack.as_ref().unwrap()).unwrap();
        for (form, frame) in self.frames() {
            let message: M =
                decode(&frame, MAX_BYTES).unwrap_or_else(|error| panic!("{name} ({form}) isn't understood: {error}"));
            assert_eq!(message.kind(), canonical["type"], "{name} ({form})");
            let Frame::Text(text) = encode(&message, Encoding::Json) else { panic!("JSON is text") };
            assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), canonical, "{name} ({form}) as JSON");
            let Frame::Binary(bytes) = encode(&message, Encoding::MessagePack) else { panic!("MessagePack is binary") };
            assert_eq!(bytes, stored, "{name} ({form}) as MessagePack");
        }
    }
}

#[test]
fn every_vector_holds() {
    for vector in vectors() {
        match (vector.level, vector.direction) {
            (1, Direction::Client) => vector.check::<level1::ClientMessage>(),
            (1, Direction::Server) => vector.check::<level1::ServerMessage>(),
            (2, Direction::Client) => vector.check::<level2::ClientMessage>(),
            (2, Direction::Server) => vector.check::<level2::ServerMessage>(),
            (level, _) => panic!("{}: there is no level {level}", vector.name),
        }
    }
}

#[test]
fn every_message_of_every_set_has_a_vector() {
    let vectors = vectors();
    let sets = [
        (1, Direction::Client, level1::ClientMessage::TYPES),
        (1, Direction::Server, level1::ServerMessage::TYPES),
        (2, Direction::Client, level2::ClientMessage::TYPES),
        (2, Direction::Server, level2::ServerMessage::TYPES),
    ];
    for (level, direction, types) in sets {
        let shown: BTreeSet<&str> = vectors
            .iter()
            .filter(|vector| (vector.level, vector.direction) == (level, direction) && vector.invalid.is_none())
            .filter_map(|vector| vector.json.as_ref()?["type"].as_str())
            .collect();
        assert_eq!(shown, types.iter().copied().collect(), "level {level}, {direction:?}");
    }
}

#[test]
fn every_error_code_has_a_vector() {
    let vectors = vectors();
    let shown: BTreeSet<&str> = vectors
        .iter()
        .filter_map(|vector| vector.canonical.as_ref().or(vector.json.as_ref())?["code"].as_str())
        .collect();
    assert_eq!(shown, ErrorCode::ALL.iter().map(|code| code.name()).collect());
}

#[test]
fn vectors_have_names_of_their_own() {
    for (file, text) in FILES {
        let mut seen = BTreeSet::new();
        for vector in serde_json::from_str::<Vec<Vector>>(text).unwrap() {
            let key = (vector.level, vector.direction, vector.name);
            assert!(seen.insert(key.clone()), "{file}: {key:?} comes twice");
        }
    }
}

#[test]
fn every_file_of_vectors_is_run() {
    let mut listed: BTreeSet<String> = FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
    listed.insert("log-digest.json".to_owned());
    let present = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")).unwrap();
    let present = present.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(present.filter(|file| file.ends_with(".json")).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn a_log_line_shows_no_token_text_or_operation_of_any_vector() {
    let secrets = [
        "eyJ",
        "Shopping",
        "oat",
        "New",
        "content\": \"",
        "Maria",
        "Desk",
        "Personal",
        "Projects",
        "Later",
        "#6b8e23",
        "home",
        "cursor",
        "AQD",
        "yesterday",
    ];
    for vector in vectors() {
        for (form, frame) in vector.frames() {
            let line = redacted(&frame);
            for secret in secrets {
                assert!(!line.contains(secret), "{} ({form}) shows {secret:?}: {line}", vector.name);
            }
        }
    }
}

#[test]
fn the_reason_of_a_refusal_repeats_no_text_of_any_vector() {
    for vector in vectors().into_iter().filter(|vector| vector.invalid.is_some() && vector.level == 1) {
        for (form, frame) in vector.frames() {
            for error in [
                decode::<level1::ClientMessage>(&frame, MAX_BYTES).err(),
                decode::<level1::ServerMessage>(&frame, MAX_BYTES).err(),
            ] {
                let shown = error.map(|error| error.to_string()).unwrap_or_default();
                for text in ["yesterday", "Shopping", "oat", "yes", "note-1"] {
                    assert!(!shown.contains(text), "{} ({form}): {shown}", vector.name);
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct DigestVector {
    name: String,
    documents: Vec<Standing>,
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    note_id: NoteId,
    seq: u64,
    purged: bool,
}

#[test]
fn every_digest_vector_holds() {
    let vectors: Vec<DigestVector> = serde_json::from_str(include_str!("vectors/log-digest.json")).unwrap();
    assert!(vectors.len() > 1);
    for vector in vectors {
        let mut digest = LogDigest::default();
        for standing in &vector.documents {
            digest.add(standing.note_id, standing.seq, standing.purged);
        }
        assert_eq!(digest.to_string(), vector.digest, "{}", vector.name);
        assert_eq!(vector.digest.parse(), Ok(digest), "{}", vector.name);
    }
}
