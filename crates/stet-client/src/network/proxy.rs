//! Proxies: which one stands before a server, as the environment says it, and the way through it. The rules are those of
//! curl; the environment itself is read in [`crate::config`]. Credentials go to the proxy and nowhere else.

use std::fmt::Display;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::task::{Context, Poll};

use hyper::client::conn::http1;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Request, Uri};
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::failure::Failure;
use super::open::{Stream, Target};

/// The settings that name proxies, as they are written. Empty means not set.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `STET_PROXY`: for every server, also on this machine; `none` for none, whatever else is set.
    pub own: String,
    /// `https_proxy` or `HTTPS_PROXY`: for `wss`.
    pub https: String,
    /// `http_proxy`: for `ws`. Only in this spelling: a web server hands on a stranger's `Proxy` header as `HTTP_PROXY`.
    pub http: String,
    /// `all_proxy` or `ALL_PROXY`: where neither of the two is set.
    pub all: String,
    /// `no_proxy` or `NO_PROXY`: hosts, domains, addresses and networks, with a port or without, or `*`.
    pub no: String,
}

impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // They hold passwords.
        f.write_str("Proxies(…)")
    }
}

impl Proxies {
    /// The proxy before a server.
    ///
    /// # Errors
    /// [`Failure::ProxySetting`] when one is named that can't be used.
    pub(super) fn before(&self, server: &Target) -> Result<Option<Proxy>, Failure> {
        let of_scheme = if server.tls { ("HTTPS_PROXY", &self.https) } else { ("http_proxy", &self.http) };
        let own = ("STET_PROXY", &self.own);
        let (setting, value) =
            [own, of_scheme].into_iter().find(|(_, value)| !value.is_empty()).unwrap_or(("ALL_PROXY", &self.all));
        let is_own = setting == own.0;
        if value.is_empty() || (is_own && value == "none") || (!is_own && is_this_machine(&server.host)) {
            return Ok(None);
        }
        let uri = server.uri()?;
        let proxy = Matcher::builder().all(value.as_str()).build().intercept(&uri).and_then(Proxy::new);
        let proxy = proxy.ok_or(Failure::ProxySetting(setting))?;
        let rules = Matcher::builder().all(value.as_str()).no(exceptions(&self.no, server.port)).build();
        Ok(rules.intercept(&uri).map(|_| proxy))
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The list of exceptions for servers on this port, in the form the library reads: without ports, brackets and stars.
fn exceptions(list: &str, port: u16) -> String {
    let entries = list.split([',', ' ', '\t']).filter_map(|entry| {
        let (host, of_port) = match entry.rsplit_once(':') {
            Some((host, digits)) if host.ends_with(']') || !host.contains(':') => (host, digits.parse().ok()),
            _ => (entry, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        of_port.is_none_or(|of_port: u16| of_port == port).then_some(host)
    });
    entries.collect::<Vec<_>>().join(",")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `CONNECT`, in the clear or over TLS.
    Http,
    /// SOCKS 5; names are looked up here (`socks5`) or by the proxy (`socks5h`).
    Socks { names: bool },
}

/// A proxy that stands before a server.
#[derive(Debug)]
pub(super) struct Proxy {
    intercept: Intercept,
    kind: Kind,
    target: Target,
}

impl Proxy {
    fn new(intercept: Intercept) -> Option<Self> {
        let uri = intercept.uri();
        let (kind, port) = match uri.scheme_str()? {
            "http" => (Kind::Http, 80),
            "https" => (Kind::Http, 443),
            "socks5" => (Kind::Socks { names: false }, 1080),
            "socks5h" => (Kind::Socks { names: true }, 1080),
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let target = Target { host, port: uri.port_u16().unwrap_or(port), tls: uri.scheme_str() == Some("https") };
        Some(Self { kind, target, intercept })
    }

    /// Where it is, for people; without credentials.
    pub(super) fn name(&self) -> String {
        format!("{}://{}", self.intercept.uri().scheme_str().unwrap_or_default(), self.target.authority())
    }

    /// Where to find it, and whether it is spoken to over TLS.
    pub(super) const fn target(&self) -> &Target {
        &self.target
    }

    /// The way through it to a server, over a stream to the proxy.
    pub(super) async fn through(&self, stream: Stream, server: &Target) -> Result<Stream, Failure> {
        match self.kind {
            Kind::Http => self.connect(stream, server).await,
            Kind::Socks { names } => self.socks(stream, server, names).await,
        }
    }

    async fn connect(&self, stream: Stream, server: &Target) -> Result<Stream, Failure> {
        let failed = |error: hyper::Error| {
            let ended = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
            self.broken(if ended { &"it ended the connection" } else { &"what answers there isn't a proxy" })
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        // It ends with the sender, or when the stream is handed over.
        tokio::spawn(connection.with_upgrades());
        let authority = server.authority();
        let mut request = Request::connect(&authority).header(HOST, &authority);
        if let Some(credentials) = self.intercept.basic_auth() {
            request = request.header(PROXY_AUTHORIZATION, credentials);
        }
        let request = request.body(String::new()).map_err(|error| Failure::Address(error.to_string()))?;
        let response = sender.send_request(request).await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(Failure::ProxyRefused(self.name(), response.status().as_u16()));
        }
        let upgraded = hyper::upgrade::on(response).await.map_err(failed)?;
        Ok(Box::new(TokioIo::new(upgraded)))
    }

    async fn socks(&self, stream: Stream, server: &Target, names: bool) -> Result<Stream, Failure> {
        let mut server = server.clone();
        if !names {
            let unknown = || Failure::UnknownName(server.host.clone());
            let mut found = tokio::net::lookup_host((server.host.clone(), server.port)).await.map_err(|_| unknown())?;
            let address = found.next().ok_or_else(unknown)?.ip();
            server.host = address.to_string();
        }
        let mut socks = SocksV5::new(self.intercept.uri().clone(), AtHand(Some(TokioIo::new(stream))));
        if let Some((user, password)) = self.intercept.raw_auth() {
            socks = socks.with_auth(user.to_owned(), password.to_owned());
        }
        let stream = socks.call(server.uri()?).await.map_err(|error| self.broken(&error))?;
        Ok(stream.into_inner())
    }

    fn broken(&self, why: &dyn Display) -> Failure {
        Failure::ProxyBroken(self.name(), why.to_string())
    }
}

/// A connector for the library: the stream there already is, once.
struct AtHand(Option<TokioIo<Stream>>);

impl Service<Uri> for AtHand {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxies, exceptions};
    use crate::network::failure::Failure;
    use crate::network::open::Target;

    fn before(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.before(&Target::of(url).unwrap()).unwrap().map(|proxy| proxy.name())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_all_stands_in_for_both() {
        let mut proxies =
            Proxies { https: "http://one:3128".into(), all: "socks5h://two".into(), ..Proxies::default() };
        assert_eq!(before(&proxies, "wss://notes.example.org").as_deref(), Some("http://one:3128"));
        assert_eq!(before(&proxies, "ws://notes.example.org").as_deref(), Some("socks5h://two:1080"));
        proxies.http = "three.example.org:8080".into();
        assert_eq!(before(&proxies, "ws://notes.example.org").as_deref(), Some("http://three.example.org:8080"));
        assert_eq!(before(&Proxies::default(), "ws://notes.example.org"), None);
    }

    #[test]
    fn a_server_on_this_machine_is_reached_without_one_unless_it_is_asked_for() {
        let mut proxies = Proxies { all: "http://one".into(), ..Proxies::default() };
        let here = ["ws://localhost:3000", "ws://127.0.0.9:3000", "ws://[::1]:3000", "wss://notes.localhost"];
        assert!(here.iter().all(|url| before(&proxies, url).is_none()));
        proxies.own = "https://user:secret@own".into();
        assert!(here.iter().all(|url| before(&proxies, url).as_deref() == Some("https://own:443")));
        proxies.no = "127.0.0.0/8".into();
        assert_eq!(before(&proxies, here[1]), None, "exceptions count for it too");
        proxies.own = "none".into();
        assert_eq!(before(&proxies, "ws://notes.example.org"), None);
    }

    #[test]
    fn exceptions_are_hosts_domains_ports_networks_or_everything() {
        let rules = [
            ("notes.example.org", "ws://notes.example.org", true),
            ("example.org", "ws://NOTES.example.org:81", true),
            (".example.org", "ws://notes.example.org", true),
            ("*.example.org", "ws://notes.example.org", true),
            ("ample.org", "ws://notes.example.org", false),
            ("notes.example.org:3000", "ws://notes.example.org:3000", true),
            ("notes.example.org:3000", "ws://notes.example.org:3001", false),
            ("other, notes.example.org", "ws://notes.example.org", true),
            ("other notes.example.org", "ws://notes.example.org", true),
            ("10.1.0.0/16", "ws://10.1.2.3", true),
            ("10.1.0.0/16", "ws://10.2.2.3", false),
            ("fd00::/8", "ws://[fd00::7]:3000", true),
            ("[fd00::7]:3000", "ws://[fd00::7]:3000", true),
            ("[fd00::7]:3000", "ws://[fd00::7]:3001", false),
            ("fd00::7", "ws://[fd00::7]:3001", true),
            ("*", "wss://notes.example.org", true),
            ("", "wss://notes.example.org", false),
        ];
        for (no, url, direct) in rules {
            let proxies = Proxies { all: "http://one".into(), no: no.into(), ..Proxies::default() };
            assert_eq!(before(&proxies, url).is_none(), direct, "{no:?} and {url}");
        }
        assert_eq!(exceptions("a:1,b:2,c", 2), "b,c");
    }

    #[test]
    fn a_setting_that_names_no_proxy_is_an_error_and_not_a_way_around_it() {
        for value in ["ftp://one", "socks4://one", "http://", "::"] {
            let proxies = Proxies { https: value.into(), ..Proxies::default() };
            let refused = proxies.before(&Target::of("wss://notes.example.org").unwrap()).unwrap_err();
            assert_eq!(refused, Failure::ProxySetting("HTTPS_PROXY"), "{value}");
        }
    }

    #[test]
    fn what_is_shown_of_a_proxy_holds_no_credentials() {
        let proxies = Proxies { all: "http://ann:SECRET@one:3128".into(), ..Proxies::default() };
        let proxy = proxies.before(&Target::of("ws://notes.example.org").unwrap()).unwrap().unwrap();
        assert!(!format!("{proxies:?} {proxy:?} {}", proxy.name()).contains("SECRET"));
    }
}
