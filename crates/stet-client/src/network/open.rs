//! From an address to an open WebSocket, step by step: the machine or its proxy, the way through the proxy, TLS, and HTTP's
//! upgrade. Each step has its time, and says by itself what went wrong.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::Uri;
use hyper::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest as _};
use url::{Host, Url};

use super::failure::{Answer, Failure};
use super::meter::{Meter, Metered};
use super::{Network, dial, tls};

/// One step may take this long. Three of them fit into the 30 s after which the machine begins anew.
const STEP: Duration = Duration::from_secs(9);
/// Largest frame taken from a server, bytes: the largest update it takes from others (16 MiB), in JSON's base64, and its
/// surroundings. A larger one is refused by its head, before anything of it is kept.
const FRAME_BYTES: usize = 24 * 1024 * 1024;

/// Both directions of a connection, whatever it is made of.
pub(super) type Stream = Box<dyn Both>;

/// Anything to read from and write to.
pub(super) trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// An open WebSocket and its meter.
pub(super) type Opened = (WebSocketStream<Metered<Stream>>, Arc<Meter>);

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
}

impl Target {
    pub(super) fn of(url: &str) -> Result<Self, Failure> {
        let url = Url::parse(url).map_err(|error| Failure::Address(error.to_string()))?;
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(Failure::Address("it names no host".to_owned())),
        };
        let tls = url.scheme() == "wss";
        let port = url.port_or_known_default().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { host, port, tls })
    }

    /// Host and port as addresses have them.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    pub(super) fn uri(&self) -> Result<Uri, Failure> {
        let scheme = if self.tls { "https" } else { "http" };
        let uri = format!("{scheme}://{}/", self.authority()).parse();
        uri.map_err(|error: hyper::http::uri::InvalidUri| Failure::Address(error.to_string()))
    }
}

/// The proxy on the way to this address, without credentials.
pub(crate) fn route(url: &str, network: &Network) -> Option<String> {
    let server = Target::of(url).ok()?;
    network.proxies.before(&server).ok().flatten().map(|proxy| proxy.name())
}

/// Opens a WebSocket.
pub(super) async fn open(url: &str, network: &Network) -> Result<Opened, Failure> {
    let server = Target::of(url)?;
    let request = url.into_client_request().map_err(|error| Failure::Address(error.to_string()))?;
    let stream = reach(&server, network).await?;
    let upgrading = async {
        let stream = match server.tls {
            true => tls::begin(stream, &server.host, network.ca_file.as_deref()).await?,
            false => stream,
        };
        let (stream, meter) = Metered::new(stream);
        let config = WebSocketConfig::default().max_message_size(Some(FRAME_BYTES)).max_frame_size(Some(FRAME_BYTES));
        match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok((socket, meter)),
            Err(error) => Err(no_upgrade(error, meter.first())),
        }
    };
    within(upgrading, || Failure::Silent).await
}

/// A connection to a server, directly or through its proxy.
async fn reach(server: &Target, network: &Network) -> Result<Stream, Failure> {
    let Some(proxy) = network.proxies.before(server)? else {
        return within(dial(server), || Failure::TimedOut).await;
    };
    let unreachable = |why| Failure::ProxyUnreachable(proxy.name(), Box::new(why));
    let stream = within(dial(proxy.target()), || Failure::TimedOut).await.map_err(unreachable)?;
    let passing = async {
        let stream = match proxy.target().tls {
            true => {
                let begun = tls::begin(stream, &proxy.target().host, network.ca_file.as_deref());
                begun.await.map_err(unreachable)?
            }
            false => stream,
        };
        proxy.through(stream, server).await
    };
    within(passing, || Failure::ProxyBroken(proxy.name(), "it doesn't answer".to_owned())).await
}

async fn dial(target: &Target) -> Result<Stream, Failure> {
    Ok(Box::new(dial::dial(&target.host, target.port).await?))
}

async fn within<T>(
    step: impl Future<Output = Result<T, Failure>>,
    late: impl FnOnce() -> Failure,
) -> Result<T, Failure> {
    tokio::time::timeout(STEP, step).await.unwrap_or_else(|_| Err(late()))
}

/// Why there was no upgrade; `first` is how the answer began.
fn no_upgrade(error: Error, first: &[u8]) -> Failure {
    match error {
        Error::Http(response) => answered(&response),
        // A record of TLS: an alert, or a greeting.
        _ if matches!(first, [0x15 | 0x16, 3, ..]) => Failure::WantsTls,
        Error::Io(error) => Failure::from_io(&error),
        Error::Protocol(ProtocolError::HandshakeIncomplete) => Failure::HungUp,
        _ if !first.starts_with(b"HTTP/") => Failure::NotHttp,
        other => Failure::NotWebSocket(other.to_string()),
    }
}

fn answered(response: &Response) -> Failure {
    let headers = response.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let status = response.status().as_u16();
    let body = response.body().as_deref().unwrap_or_default();
    // nginx and Go's servers say so in the page.
    if status == 400 && body.windows(5).any(|part| part == b"HTTPS") {
        return Failure::WantsTls;
    }
    Failure::Http(Answer {
        status,
        location: text(LOCATION),
        page: text(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")),
        retry_after_ms: retry_after(headers),
    })
}

/// `Retry-After`, in seconds or as a date, as milliseconds from now.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let wait = at.duration_since(SystemTime::now()).unwrap_or_default();
    Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use hyper::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::{Target, retry_after};

    #[test]
    fn an_address_is_taken_apart_and_put_together_again() {
        let cases = [
            ("ws://[::1]:3000/notes/", "::1", 3000, false, "[::1]:3000"),
            ("wss://notes.example.org", "notes.example.org", 443, true, "notes.example.org:443"),
            ("ws://127.0.0.1/x", "127.0.0.1", 80, false, "127.0.0.1:80"),
            ("wss://bücher.example", "xn--bcher-kva.example", 443, true, "xn--bcher-kva.example:443"),
        ];
        for (url, host, port, tls, authority) in cases {
            let target = Target::of(url).unwrap();
            assert_eq!(target, Target { host: host.to_owned(), port, tls }, "{url}");
            assert_eq!(target.authority(), authority);
            assert_eq!(target.uri().unwrap().port_u16(), Some(port));
        }
        assert!(Target::of("notes").is_err());
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let of = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
        };
        assert_eq!((of("120"), of("soon"), of("-1")), (Some(120_000), None, None));
        assert_eq!(of(&u64::MAX.to_string()), Some(u64::MAX), "bounded by those who wait");
        let date = |at: SystemTime| of(&httpdate::fmt_http_date(at)).unwrap();
        let later = date(SystemTime::now() + Duration::from_secs(90));
        assert!((60_000..=90_000).contains(&later), "{later}");
        assert_eq!(date(SystemTime::now() - Duration::from_secs(90)), 0);
    }
}
