//! What stands between a device and its server: proxies, what adds TLS, what takes a path away. Small, real, and on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A listener whose connections are each handled alike.
pub struct Middleman {
    pub address: SocketAddr,
    served: Arc<AtomicUsize>,
}

impl Middleman {
    async fn start<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let served = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&served);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(handle(stream));
            }
        });
        Self { address, served }
    }

    /// How many connections came to it.
    pub fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }

    /// A proxy that knows `CONNECT`. Whatever it is asked for, it leads to `server`, as if the name stood in its own network.
    /// With credentials it asks for them.
    pub async fn connect_proxy(server: SocketAddr, credentials: Option<&str>) -> Self {
        let wanted =
            credentials.map(|text| format!("proxy-authorization: basic {}", STANDARD.encode(text)).to_lowercase());
        Self::start(move |mut stream| {
            let wanted = wanted.clone();
            async move {
                let head = head(&mut stream).await.to_lowercase();
                if !head.starts_with("connect notes.example.org:") {
                    return answer(&mut stream, "405 Method Not Allowed").await;
                }
                if wanted.is_some_and(|wanted| !head.contains(&wanted)) {
                    return answer(&mut stream, "407 Proxy Authentication Required").await;
                }
                let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
                lead(stream, server).await;
            }
        })
        .await
    }

    /// A proxy that answers every request so.
    pub async fn refusing(status: &'static str) -> Self {
        Self::start(move |mut stream| async move {
            head(&mut stream).await;
            answer(&mut stream, status).await;
        })
        .await
    }

    /// Says this at once, whatever it is asked, and hangs up.
    pub async fn saying(words: &'static [u8]) -> Self {
        Self::start(move |mut stream| async move {
            let _ = stream.write_all(words).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await
    }

    /// A SOCKS 5 proxy with a name and password that leads to `server`; it is told names, not addresses.
    pub async fn socks_proxy(server: SocketAddr, credentials: &'static str) -> Self {
        Self::start(move |mut stream| async move {
            let mut greeting = [0; 2];
            let _ = stream.read_exact(&mut greeting).await;
            let mut methods = vec![0; greeting[1].into()];
            let _ = stream.read_exact(&mut methods).await;
            assert!(methods.contains(&2), "it offers a name and password: {methods:?}");
            let _ = stream.write_all(&[5, 2]).await;
            let mut one = [0; 1];
            let _ = stream.read_exact(&mut one).await;
            let given = format!("{}:{}", short_text(&mut stream).await, short_text(&mut stream).await);
            let refused = u8::from(given != credentials);
            let _ = stream.write_all(&[1, refused]).await;
            if refused != 0 {
                return;
            }
            let mut request = [0; 4];
            let _ = stream.read_exact(&mut request).await;
            assert_eq!(request[3], 3, "a name, as the proxy looks it up");
            let name = short_text(&mut stream).await;
            let _ = stream.read_exact(&mut [0; 2]).await;
            // 4: no such host.
            let reply = if name == "notes.example.org" { 0 } else { 4 };
            let _ = stream.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]).await;
            if reply == 0 {
                lead(stream, server).await;
            }
        })
        .await
    }

    /// Speaks TLS with this certificate and leads to `server` in the clear.
    pub async fn tls(certificate: Certificate, server: SocketAddr) -> Self {
        let key = PrivateKeyDer::try_from(certificate.key.serialize_der()).expect("a key");
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.expect("versions").with_no_client_auth();
        let config = builder.with_single_cert(vec![certificate.chain], key).expect("a certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    lead(stream, server).await;
                }
            }
        })
        .await
    }

    /// A web server that takes `/notes/` away and hands the rest to `server`, as nginx does with
    /// `location /notes/ { proxy_pass http://server/; }`.
    pub async fn stripping(server: SocketAddr) -> Self {
        Self::start(move |mut stream| async move {
            let head = head(&mut stream).await;
            let path = head.split(' ').nth(1).unwrap_or_default();
            let Some(rest) = path.strip_prefix("/notes/") else {
                let moved = "301 Moved Permanently\r\nlocation: /notes/";
                return answer(&mut stream, if path == "/notes" { moved } else { "404 Not Found" }).await;
            };
            let inner = head.replacen(path, &format!("/{rest}"), 1);
            let mut onward = TcpStream::connect(server).await.expect("reach the server");
            let _ = onward.write_all(inner.as_bytes()).await;
            let _ = copy_bidirectional(&mut stream, &mut onward).await;
        })
        .await
    }
}

/// A certificate and its key.
pub struct Certificate {
    pub chain: tokio_rustls::rustls::pki_types::CertificateDer<'static>,
    pub key: KeyPair,
}

/// Somebody who makes certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, to be trusted.
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a name, good in these years.
    pub fn issue(&self, name: &str, (from, to): (i32, i32)) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        let chain = params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        Certificate { chain, key }
    }

    /// A certificate that vouches for itself, of the kind that may issue others or not.
    pub fn self_signed(name: &str, issues_others: bool) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        if issues_others {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let chain = params.self_signed(&key).expect("a certificate").der().clone();
        Certificate { chain, key }
    }
}

/// A request's head, as it came.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_384 {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

async fn answer(stream: &mut TcpStream, status: &str) {
    let _ = stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn short_text(stream: &mut TcpStream) -> String {
    let length = stream.read_u8().await.unwrap_or_default();
    let mut bytes = vec![0; length.into()];
    let _ = stream.read_exact(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn lead(mut stream: impl AsyncRead + AsyncWrite + Unpin, server: SocketAddr) {
    if let Ok(mut onward) = TcpStream::connect(server).await {
        // Either side may end it.
        let _ = copy_bidirectional(&mut stream, &mut onward).await;
    }
}
