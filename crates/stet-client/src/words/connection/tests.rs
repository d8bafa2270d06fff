//! Holds `docs/troubleshooting.md` and the words about connections together.

use stet_protocol::message::{AuthFailure, ErrorCode as ServerError};
use stet_sync::device::Problem;

use super::{Told, broken, failure, problem};
use crate::api::status::HelpTopic::{self, *};
use crate::network::{Answer, Distrust, Failure};

const PAGE: &str = include_str!("../../../../../docs/troubleshooting.md");
const URL: &str = "wss://notes.example.org";
/// Every topic; the compiler asks for new ones in `place`.
const TOPICS: [HelpTopic; 7] = [
    NothingAnswers,
    SomethingElseAnswers,
    TheCertificateIsntAccepted,
    AProxyIsInTheWay,
    SigningInFails,
    NotesDontArrive,
    ItReconnectsAgainAndAgain,
];

/// Whether a topic stands in the list above.
const fn is_listed(topic: HelpTopic) -> bool {
    match topic {
        NothingAnswers
        | SomethingElseAnswers
        | TheCertificateIsntAccepted
        | AProxyIsInTheWay
        | SigningInFails
        | NotesDontArrive
        | ItReconnectsAgainAndAgain => true,
    }
}

fn http(status: u16) -> Failure {
    let location = matches!(status, 301 | 302).then(|| "https://notes.example.org/login?secret".to_owned());
    Failure::Http(Answer { status, location, page: false, retry_after_ms: None })
}

/// One of each kind. A kind that is missing here makes `all_kinds` fail to compile.
fn failures() -> Vec<Failure> {
    let proxy = || "http://proxy.example.org:3128".to_owned();
    let distrusts = [
        Distrust::Expired(Some(1_767_225_600_000)),
        Distrust::NotYetValid(Some(1_893_456_000_000)),
        Distrust::OtherName { asked: "notes.example.org".into(), named: vec!["www.example.org".into()] },
        Distrust::OtherName { asked: "notes.example.org".into(), named: Vec::new() },
        Distrust::UnknownIssuer,
        Distrust::IssuersOwn,
        Distrust::Revoked,
        Distrust::Other("…".into()),
    ];
    let statuses = [301, 400, 401, 403, 404, 407, 418, 426, 429, 500, 502, 503, 504, 511];
    let mut all = vec![
        Failure::Address("…".into()),
        Failure::UnknownName("notes.example.org".into()),
        Failure::Refused,
        Failure::NoNetwork,
        Failure::TimedOut,
        Failure::Broken("…".into()),
        Failure::Silent,
        Failure::HungUp,
        Failure::NotHttp,
        Failure::Http(Answer { status: 200, page: true, ..Answer::default() }),
        Failure::NotWebSocket("…".into()),
        Failure::NoTls,
        Failure::WantsTls,
        Failure::Tls("…".into()),
        Failure::NoRoots("…".into()),
        Failure::CaFile("/path/to/ca.pem".into(), "…".into()),
        Failure::ProxySetting("HTTPS_PROXY"),
        Failure::ProxyUnreachable(proxy(), Box::new(Failure::Refused)),
        Failure::ProxyBroken(proxy(), "…".into()),
    ];
    all.extend([403, 407, 418, 502].map(|status| Failure::ProxyRefused(proxy(), status)));
    all.extend(statuses.map(http));
    all.extend(distrusts.map(Failure::Untrusted));
    all
}

/// Names every kind, so that a new one is thought of here.
const fn kind(failure: &Failure) -> usize {
    match failure {
        Failure::Address(_) => 0,
        Failure::UnknownName(_) => 1,
        Failure::Refused => 2,
        Failure::NoNetwork => 3,
        Failure::TimedOut => 4,
        Failure::Broken(_) => 5,
        Failure::Silent => 6,
        Failure::HungUp => 7,
        Failure::NotHttp => 8,
        Failure::Http(_) => 9,
        Failure::NotWebSocket(_) => 10,
        Failure::NoTls => 11,
        Failure::WantsTls => 12,
        Failure::Tls(_) => 13,
        Failure::Untrusted(_) => 14,
        Failure::NoRoots(_) => 15,
        Failure::CaFile(..) => 16,
        Failure::ProxySetting(_) => 17,
        Failure::ProxyUnreachable(..) => 18,
        Failure::ProxyRefused(..) => 19,
        Failure::ProxyBroken(..) => 20,
    }
}

fn problems() -> Vec<Problem> {
    use AuthFailure::{InvalidToken, NotAllowed, TokenExpired, Unknown, WrongAudience};
    let refused = [TokenExpired, InvalidToken, WrongAudience, NotAllowed, Unknown];
    let mut all = vec![
        Problem::Unreachable("…".into()),
        Problem::Silent,
        Problem::NotTheProtocol("…".into()),
        Problem::DivergedLog,
        Problem::Binding("…".into()),
        Problem::Server(ServerError::Internal, "…".into()),
    ];
    all.extend(refused.map(|reason| Problem::Refused(reason, "…".into())));
    all
}

/// The page with its lines joined: where a line ends says nothing.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The anchor of a heading, as Markdown viewers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-').collect::<String>().replace(' ', "-")
}

/// The part of the page from a topic's heading to the next of the same rank.
fn section(topic: HelpTopic) -> String {
    let wanted = serde_json::to_value(topic).unwrap();
    let mut rank = 0;
    let mut lines = PAGE.lines().skip_while(|line| {
        rank = line.bytes().take_while(|byte| *byte == b'#').count();
        rank == 0 || anchor(line.trim_start_matches('#')) != wanted.as_str().unwrap()
    });
    let heading = lines.next().unwrap_or_else(|| panic!("docs/troubleshooting.md has no heading for {wanted}"));
    let of_rank = heading.bytes().take_while(|byte| *byte == b'#').count();
    let ends = |line: &&str| {
        let rank = line.bytes().take_while(|byte| *byte == b'#').count();
        rank == 0 || rank > of_rank
    };
    flat(&lines.take_while(ends).collect::<Vec<_>>().join("\n"))
}

#[test]
fn every_topic_has_its_heading() {
    assert!(TOPICS.into_iter().all(is_listed));
    let headings = TOPICS.map(section);
    assert!(headings.iter().all(|text| text.len() > 100), "{headings:?}");
}

#[test]
fn the_seeds_four_headings_are_there() {
    let headings: Vec<String> = PAGE.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    for wanted in ["it-wont-connect", "signing-in-fails", "notes-dont-arrive", "it-reconnects-again-and-again"] {
        assert!(headings.iter().any(|heading| heading == wanted), "{wanted}: {headings:?}");
    }
}

#[test]
fn every_message_about_a_connection_stands_in_its_section() {
    let failures = failures();
    let kinds: std::collections::BTreeSet<usize> = failures.iter().map(kind).collect();
    assert_eq!(kinds.len(), 21, "one of each kind");
    let told = failures.iter().map(|of| failure(of, URL)).chain(problems().into_iter().map(|of| problem(of, URL)));
    let missing: Vec<String> = told
        .filter(|Told { topic, message, .. }| {
            // Statuses that share their words are listed with the first of them.
            !section(*topic).contains(&without_status(&flat(message)))
        })
        .map(|told| format!("{:?}: {}", told.topic, told.message))
        .collect();
    assert!(missing.is_empty(), "not in docs/troubleshooting.md:\n{}", missing.join("\n"));
}

/// The longest of the pieces of a message around "(HTTP 404)", which many share.
fn without_status(message: &str) -> String {
    let mut pieces = message.split(" (HTTP ").map(|piece| piece.split_once(')').map_or(piece, |(_, rest)| rest));
    let first = pieces.next().unwrap_or_default();
    let longest = pieces.fold(first, |longest, piece| if piece.len() > longest.len() { piece } else { longest });
    longest.to_owned()
}

#[test]
fn the_reasons_for_which_a_server_is_refused_stand_in_the_page() {
    // Said where the decision is made, in `engine/binding.rs`.
    let source = include_str!("../../engine/binding.rs");
    let reasons: Vec<String> = source
        .split("let reason = \"")
        .skip(1)
        .chain(source.split("refuse(\"").skip(1))
        .filter_map(|rest| rest.split('"').next())
        .map(|reason| flat(&reason.replace("\\\n", " ")))
        .collect();
    assert!(reasons.len() >= 4, "{reasons:?}");
    let page = flat(PAGE);
    for reason in reasons {
        assert!(page.contains(&reason), "not in docs/troubleshooting.md: {reason}");
    }
}

#[test]
fn the_reasons_for_which_a_connection_ends_stand_in_the_page() {
    use std::io::{Error as Io, ErrorKind};
    use tokio_tungstenite::tungstenite::Error;
    use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
    let reasons = [
        broken(&Error::Io(Io::from(ErrorKind::ConnectionReset))),
        broken(&Error::Io(Io::from(ErrorKind::TimedOut))),
        broken(&Error::ConnectionClosed),
        broken(&Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)),
        broken(&Error::Capacity(CapacityError::TooManyHeaders)),
        super::FULL.to_owned(),
        super::ENDED.to_owned(),
    ];
    let section = section(ItReconnectsAgainAndAgain);
    for reason in reasons {
        assert!(section.contains(&reason), "not in docs/troubleshooting.md: {reason}");
    }
}

#[test]
fn a_strangers_words_are_bounded_and_on_one_line() {
    let words = "line\n\u{7}one ".repeat(1_000);
    let Told { message, .. } = problem(Problem::Server(ServerError::Internal, words), URL);
    assert!(message.chars().count() < 300 && !message.contains('\n') && !message.contains('\u{7}'), "{message}");
}
