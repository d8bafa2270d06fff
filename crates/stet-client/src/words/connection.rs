//! What people are told about a connection: what is wrong, and what can be done. Every sentence here stands in
//! `docs/troubleshooting.md`; a test holds the two together. No decisions about syncing.

use std::time::{Duration, SystemTime};

use stet_protocol::message::AuthFailure;
use stet_sync::device::Problem;
use tokio_tungstenite::tungstenite::Error;
use url::Url;

use crate::api::ErrorCode;
use crate::api::status::HelpTopic;
use crate::network::{Answer, Distrust, Failure};

/// What is said of a connection that ended, no more.
pub(crate) const ENDED: &str = "the connection ended";
/// The machine's network takes nothing more.
pub(crate) const FULL: &str = "it takes nothing any more";
/// Characters of what a stranger says that are shown.
const FOREIGN: usize = 200;

/// Something to tell people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) code: ErrorCode,
    pub(crate) topic: HelpTopic,
    pub(crate) message: String,
}

fn told(code: ErrorCode, topic: HelpTopic, message: String) -> Told {
    Told { code, topic, message }
}

/// Why no connection to this address came about.
pub(crate) fn failure(failure: &Failure, url: &str) -> Told {
    use HelpTopic::{NothingAnswers, SomethingElseAnswers, TheCertificateIsntAccepted};
    let offline =
        |why: &str| told(ErrorCode::Offline, NothingAnswers, format!("The server at {url} can't be reached: {why}"));
    let other = |words: String| told(ErrorCode::Protocol, SomethingElseAnswers, words);
    let certificate = |words: String| told(ErrorCode::Protocol, TheCertificateIsntAccepted, words);
    match failure {
        Failure::Address(why) => told(
            ErrorCode::Protocol,
            NothingAnswers,
            format!("{url} can't be used as a server address: {why}. Write it like wss://notes.example.org."),
        ),
        Failure::UnknownName(_) => {
            offline(&format!("{}. Check the spelling, and whether this device is online.", short(failure)))
        }
        Failure::Refused => offline("nothing listens there. Check that the server runs, and the port in its address."),
        Failure::NoNetwork => offline("there is no way to it from this network. Check whether this device is online."),
        Failure::TimedOut => offline("it doesn't answer. It may be switched off, or a firewall stands in between."),
        Failure::Broken(_) => offline(&format!("{}.", short(failure))),
        Failure::Silent => other(format!(
            "What listens at {url} takes the connection and says nothing. Check the address and the port."
        )),
        Failure::HungUp => other(format!(
            "What listens at {url} ended the connection without a word. Check the port, and whether the address has to \
             begin with wss:// (with TLS) or ws:// (without)."
        )),
        Failure::NotHttp => other(format!("What answers at {url} is no web server. Check the port.")),
        Failure::NoTls => other(format!(
            "What answers at {url} doesn't speak TLS. Check the port; a server without a certificate has an address that \
             begins with ws://."
        )),
        Failure::WantsTls => {
            other(format!("What answers at {url} wants TLS. Write the address with wss:// instead of ws://."))
        }
        Failure::NotWebSocket(why) => other(format!(
            "What answers at {url} doesn't speak WebSocket ({why}). A proxy in between has to pass WebSockets on."
        )),
        Failure::Http(answer) => answered(answer, url),
        Failure::Tls(why) => {
            certificate(format!("The server at {url} and this device find no encryption they share: {why}."))
        }
        Failure::Untrusted(distrust) => {
            certificate(format!("The certificate of the server at {url} {}", distrusted(distrust)))
        }
        Failure::NoRoots(why) => certificate(format!(
            "No certificates are trusted on this device ({why}). Install those of the system (the package \
             ca-certificates), or name a file of your own with STET_CA_FILE."
        )),
        Failure::CaFile(path, why) => certificate(format!(
            "The file {} that STET_CA_FILE names can't be used: {why}. It has to hold certificates in PEM form.",
            path.display()
        )),
        Failure::ProxySetting(_)
        | Failure::ProxyUnreachable(..)
        | Failure::ProxyRefused(..)
        | Failure::ProxyBroken(..) => proxy(failure, url),
    }
}

/// The same in a few words, for a proxy.
fn short(failure: &Failure) -> String {
    match failure {
        Failure::UnknownName(host) => format!("no machine is known by the name {host}"),
        Failure::Refused => "nothing listens there".to_owned(),
        Failure::NoNetwork => "there is no way to it from this network".to_owned(),
        Failure::TimedOut | Failure::Silent => "it doesn't answer".to_owned(),
        Failure::HungUp => "it ended the connection".to_owned(),
        Failure::NoTls => "it doesn't speak TLS".to_owned(),
        Failure::Untrusted(distrust) => {
            let words = distrusted(distrust);
            format!("its certificate {}", words.split(". ").next().unwrap_or(&words).trim_end_matches('.'))
        }
        Failure::Broken(why) | Failure::Tls(why) | Failure::NoRoots(why) | Failure::CaFile(_, why) => why.clone(),
        other => format!("{other:?}"),
    }
}

fn proxy(failure: &Failure, url: &str) -> Told {
    let code = match failure {
        Failure::ProxyRefused(_, 502..=504) | Failure::ProxyUnreachable(..) | Failure::ProxyBroken(..) => {
            ErrorCode::Offline
        }
        _ => ErrorCode::Protocol,
    };
    let message = match failure {
        Failure::ProxySetting(name) => format!(
            "{name} names no proxy that can be used. Write it like http://proxy.example.org:3128 or \
             socks5h://proxy.example.org, or take it away."
        ),
        Failure::ProxyUnreachable(proxy, why) => format!(
            "The proxy {proxy} can't be reached: {}. Check its setting, or add the server to NO_PROXY if it needs none.",
            short(why)
        ),
        Failure::ProxyRefused(proxy, 407) => format!(
            "The proxy {proxy} wants a name and a password (HTTP 407). Put them into its setting, like \
             http://name:password@proxy.example.org:3128."
        ),
        Failure::ProxyRefused(proxy, status @ 502..=504) => {
            format!("The proxy {proxy} can't reach the server at {url} (HTTP {status}). Check that the server runs.")
        }
        Failure::ProxyRefused(proxy, status) => format!(
            "The proxy {proxy} opens no way to {url} (HTTP {status}). Ask those who run it, or add the server to NO_PROXY \
             if it needs none."
        ),
        Failure::ProxyBroken(proxy, why) => format!("The proxy {proxy} opens no way to {url}: {}.", foreign(why)),
        other => short(other),
    };
    told(code, HelpTopic::AProxyIsInTheWay, message)
}

fn distrusted(distrust: &Distrust) -> String {
    match distrust {
        Distrust::Expired(at) => format!(
            "ran out{}. It has to be renewed there; if that day is still to come, this device's clock is wrong.",
            at.map_or_else(String::new, |at| format!(" on {}", day(at)))
        ),
        Distrust::NotYetValid(at) => format!(
            "isn't valid yet{}. Check this device's clock.",
            at.map_or_else(String::new, |at| format!(", only from {}", day(at)))
        ),
        Distrust::OtherName { asked, named } if named.is_empty() => {
            format!("names no server, so not {asked} either. It has to be made anew.")
        }
        Distrust::OtherName { asked, named } => {
            let shown: Vec<&str> = named.iter().take(5).map(String::as_str).collect();
            format!(
                "is for {}, not for {asked}. Use a name it is for, or have one made for this name.",
                foreign(&shown.join(", "))
            )
        }
        Distrust::UnknownIssuer => {
            "comes from nobody this device trusts; perhaps it is self-signed. Add the certificate of \
                                    whoever issued it to those of the system, or name its file with STET_CA_FILE."
                .to_owned()
        }
        Distrust::IssuersOwn => {
            "is one that issues others (CA:TRUE), as many self-signed ones are; a server may not show \
                                 such a one. Have one made for the server, issued by it."
                .to_owned()
        }
        Distrust::Revoked => "was revoked. The server needs a new one.".to_owned(),
        Distrust::Other(why) => format!("isn't accepted: {why}."),
    }
}

fn day(at: i64) -> String {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(at.max(0).unsigned_abs());
    // "Sun, 06 Nov 1994 08:49:37 GMT"
    httpdate::fmt_http_date(time).get(5..16).unwrap_or_default().to_owned()
}

fn answered(answer: &Answer, url: &str) -> Told {
    if let Some(message) = unavailable(answer.status, url) {
        return told(ErrorCode::Offline, HelpTopic::NothingAnswers, message);
    }
    told(ErrorCode::Protocol, HelpTopic::SomethingElseAnswers, no_server(answer, url))
}

/// What is said of a status that passes by itself, or when somebody looks after the server.
fn unavailable(status: u16, url: &str) -> Option<String> {
    Some(match status {
        // A network's sign-in page: people have to act.
        511 => return None,
        429 => {
            format!("The server at {url} asks for a pause (HTTP 429). It is tried again later.")
        }
        502 | 504 => {
            format!(
                "A proxy answers at {url}, and finds no server behind it (HTTP {status}). Start the server, or mend the \
                 proxy's settings."
            )
        }
        503 => {
            format!(
                "The server at {url} takes no connections now (HTTP 503): it is full or going down, or the proxy in front \
                 finds no server. It is tried again."
            )
        }
        500..=599 => {
            format!("The server at {url}, or a proxy in front, has a fault (HTTP {status}). Its log says more.")
        }
        _ => return None,
    })
}

/// What is said of a status that stays until the address or a setting is another one.
fn no_server(answer: &Answer, url: &str) -> String {
    let status = answer.status;
    match status {
        301..=303 | 307 | 308 => {
            format!(
                "What answers at {url} sends on to {} (HTTP {status}). If your server is there, use that address; if it is \
                 a network's page to sign in, sign in there first, in a web browser.",
                answer.location.as_deref().map_or_else(|| "nowhere".to_owned(), |to| led(url, to))
            )
        }
        401 => {
            format!(
                "What answers at {url} wants a sign-in of its own (HTTP 401), and Stet has none to give. Let the proxy in \
                 front of the server pass this address on without one: the server has its own."
            )
        }
        403 => {
            format!(
                "What answers at {url} doesn't let this device in (HTTP 403). Ask those who run it; a proxy or firewall in \
                 front may let in only some."
            )
        }
        404 | 405 | 410 => {
            format!("There is no Stet at {url} (HTTP {status}). Check the path of the address.")
        }
        407 => {
            format!(
                "A proxy on the way to {url} wants a name and a password (HTTP 407). Name it with HTTPS_PROXY, like \
                 http://name:password@proxy.example.org:3128."
            )
        }
        400 | 426 => {
            format!(
                "What answers at {url} opens no WebSocket (HTTP {status}). A proxy in between has to pass WebSockets on."
            )
        }
        511 => "This network wants you to sign in first (HTTP 511). Open any page in a web browser and sign in there."
            .to_owned(),
        200..=299 if answer.page => {
            format!(
                "A web page answers at {url}, not a Stet server (HTTP {status}). If this network wants you to sign in first, \
                 open any page in a web browser; else check the address."
            )
        }
        _ => {
            format!("What answers at {url} is not a Stet server (HTTP {status}). Check the address.")
        }
    }
}

/// Where a redirection leads, without what may be secret in it.
fn led(from: &str, to: &str) -> String {
    let Some(mut url) = Url::parse(from).ok().and_then(|from| from.join(to).ok()) else {
        return foreign(to);
    };
    url.set_query(None);
    url.set_fragment(None);
    foreign(url.as_str())
}

/// What a stranger says, bounded and on one line.
fn foreign(words: &str) -> String {
    let shown: String = words.chars().filter(|c| !c.is_control()).take(FOREIGN).collect();
    if words.chars().count() > FOREIGN { shown + "…" } else { shown }
}

/// Something went wrong with a connection that was there.
pub(crate) fn problem(problem: Problem, url: &str) -> Told {
    use HelpTopic::{ItReconnectsAgainAndAgain, NotesDontArrive, SigningInFails, SomethingElseAnswers};
    match problem {
        Problem::Unreachable(why) => told(
            ErrorCode::Offline,
            ItReconnectsAgainAndAgain,
            format!("The connection to {url} broke off: {}.", foreign(&why)),
        ),
        Problem::Silent => {
            told(ErrorCode::Offline, ItReconnectsAgainAndAgain, format!("The server at {url} doesn't answer any more."))
        }
        Problem::NotTheProtocol(why) => told(
            ErrorCode::Protocol,
            SomethingElseAnswers,
            format!("What answers at {url} is not a Stet server: {}.", foreign(&why)),
        ),
        Problem::Refused(failure, words) => told(ErrorCode::SignedOut, SigningInFails, refusal(failure, &words)),
        Problem::NoToken(why) => told(ErrorCode::SignedOut, SigningInFails, why),
        Problem::DivergedLog => {
            let words = "The server's notes were restored from an older copy. Syncing is stopped so that nothing is lost; \
                         everything on this device is untouched.";
            told(ErrorCode::DivergedLog, NotesDontArrive, words.to_owned())
        }
        Problem::Binding(why) => told(ErrorCode::SignedOut, SigningInFails, format!("Signed in, but {why}")),
        Problem::Server(_, words) => {
            told(ErrorCode::Refused, NotesDontArrive, format!("The server says: {}", foreign(&words)))
        }
    }
}

fn refusal(failure: AuthFailure, words: &str) -> String {
    match failure {
        AuthFailure::TokenExpired => "Your sign-in has run out. Get a new token; nothing unsent is lost.".to_owned(),
        AuthFailure::InvalidToken => "The server doesn't accept this token. Get a new one from it.".to_owned(),
        AuthFailure::WrongAudience => "This token was made for another server. Get one from this server.".to_owned(),
        AuthFailure::NotAllowed => "This account may not use the server. Ask whoever runs it.".to_owned(),
        AuthFailure::Unknown => format!("The server refused the sign-in: {}", foreign(words)),
    }
}

/// Why an open connection broke, in a few words.
pub(crate) fn broken(error: &Error) -> String {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    match error {
        Error::Io(error) => match error.kind() {
            ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof => "it was cut".to_owned(),
            TimedOut => "the other side doesn't answer".to_owned(),
            _ => error.to_string(),
        },
        Error::ConnectionClosed | Error::AlreadyClosed => ENDED.to_owned(),
        Error::Protocol(tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            "it was cut".to_owned()
        }
        Error::Protocol(error) => format!("what came is no WebSocket ({error})"),
        Error::Capacity(_) => "the server sent more at once than is taken".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
