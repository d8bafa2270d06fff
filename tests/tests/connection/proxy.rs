//! Through proxies that the environment names.

use stet_client::api::ErrorCode;
use stet_client::api::command::GetDiagnostics;
use stet_client::api::status::HelpTopic;
use stet_client::network::{Network, Proxies};

use crate::middlemen::{Authority, Middleman};
use crate::{Server, fails};

const URL: &str = "ws://notes.example.org";

fn through(proxy: &str) -> Network {
    Network { proxies: Proxies { all: proxy.to_owned(), ..Proxies::default() }, ..Network::default() }
}

#[tokio::test]
async fn a_proxy_with_a_password_leads_to_the_server_and_is_named_without_it() {
    let server = Server::start("connect").await;
    let proxy = Middleman::connect_proxy(server.address, Some("ann:s3cret word")).await;
    let network = through(&format!("http://ann:s3cret%20word@{}", proxy.address));
    let device = server.device("device", URL, network).await;
    device.is_synced().await;
    let shown = device.status().await.proxy;
    assert_eq!(shown, Some(format!("http://{}", proxy.address)));
    assert!(proxy.served() > 0);
    let text = device.call(GetDiagnostics {}).await.text;
    assert!(text.contains(&proxy.address.to_string()) && !text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_socks_proxy_leads_to_the_server_by_its_name() {
    let server = Server::start("socks").await;
    let proxy = Middleman::socks_proxy(server.address, "ann:secret").await;
    let status = server.is_reached(URL, through(&format!("socks5h://ann:secret@{}", proxy.address))).await;
    assert_eq!(status.proxy, Some(format!("socks5h://{}", proxy.address)));
    let refused = through(&format!("socks5h://ann:wrong@{}", proxy.address));
    let (error, topic) = fails("socks-refused", URL, refused).await;
    assert_eq!(topic, HelpTopic::AProxyIsInTheWay);
    assert!(error.message.contains(&format!("The proxy socks5h://{} opens no way", proxy.address)), "{error:?}");
    let unknown = through(&format!("socks5h://ann:secret@{}", proxy.address));
    let (error, _) = fails("socks-unknown", "ws://other.example.org", unknown).await;
    assert!(error.message.contains("opens no way to ws://other.example.org"), "{error:?}");
}

#[tokio::test]
async fn tls_goes_through_a_proxy_untouched() {
    let server = Server::start("connect-tls").await;
    let authority = Authority::new();
    let tls = Middleman::tls(authority.issue("notes.example.org", (2020, 2090)), server.address).await;
    let proxy = Middleman::connect_proxy(tls.address, None).await;
    let ca_file = server.ground.path().join("ca.pem");
    std::fs::write(&ca_file, &authority.pem).expect("write the certificate");
    let proxies = Proxies { https: format!("http://{}", proxy.address), ..Proxies::default() };
    server.is_reached("wss://notes.example.org", Network { proxies, ca_file: Some(ca_file) }).await;
}

#[tokio::test]
async fn what_needs_no_proxy_goes_past_it() {
    let server = Server::start("past").await;
    let nobody = Middleman::refusing("500 Never asked").await;
    let url = format!("ws://{}", server.address);
    let status = server.is_reached(&url, through(&format!("http://{}", nobody.address))).await;
    assert_eq!((status.proxy, nobody.served()), (None, 0), "a server on this machine");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_with_the_reason() {
    let server = Server::start("refusing").await;
    let asks = Middleman::connect_proxy(server.address, Some("ann:secret")).await;
    let cases = [
        (asks, ErrorCode::Protocol, "wants a name and a password (HTTP 407)"),
        (
            Middleman::refusing("403 Forbidden").await,
            ErrorCode::Protocol,
            "opens no way to ws://notes.example.org (HTTP 403)",
        ),
        (Middleman::refusing("502 Bad Gateway").await, ErrorCode::Offline, "can't reach the server"),
        (Middleman::refusing("504 Gateway Timeout").await, ErrorCode::Offline, "(HTTP 504)"),
        (Middleman::saying(b"SSH-2.0-OpenSSH\r\n").await, ErrorCode::Offline, "what answers there isn't a proxy"),
        (Middleman::saying(b"").await, ErrorCode::Offline, "it ended the connection"),
    ];
    for (index, (proxy, code, words)) in cases.into_iter().enumerate() {
        let (error, topic) =
            fails(&format!("refusing-{index}"), URL, through(&format!("http://{}", proxy.address))).await;
        let named = error.message.starts_with(&format!("The proxy http://{} ", proxy.address));
        assert!(named && error.message.contains(words), "{words}: {error:?}");
        assert_eq!((error.code, topic), (code, HelpTopic::AProxyIsInTheWay), "{error:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_no_proxy_at_all_is_named() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let (error, _) = fails("no-proxy", URL, through(&format!("http://{gone}"))).await;
    let words = format!("The proxy http://{gone} can't be reached: nothing listens there.");
    assert!(error.message.starts_with(&words), "{error:?}");
    let (error, topic) = fails("ftp", URL, through("ftp://proxy.example.org")).await;
    assert!(error.message.starts_with("ALL_PROXY names no proxy that can be used."), "{error:?}");
    assert_eq!(topic, HelpTopic::AProxyIsInTheWay);
}
