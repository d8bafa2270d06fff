//! TLS with servers that can be trusted, and with those that can't.

use stet_client::api::ErrorCode;
use stet_client::api::status::{HelpTopic, StatusError};
use stet_client::network::Network;
use stet_tests::stage::Ground;

use crate::middlemen::{Authority, Certificate, Middleman};
use crate::{Server, fails};

/// What a device is told that trusts an authority and meets a certificate this one issued.
async fn told(name: &str, issued_for: &str, years: (i32, i32)) -> StatusError {
    let authority = Authority::new();
    told_of(name, authority.issue(issued_for, years), &authority).await
}

/// What a device is told that trusts this authority and meets this certificate.
async fn told_of(name: &str, certificate: Certificate, trusted: &Authority) -> StatusError {
    let ground = Ground::shared(name);
    let ca_file = ground.path().join("ca.pem");
    std::fs::write(&ca_file, &trusted.pem).expect("write the certificate");
    let nobody = "127.0.0.1:1".parse().expect("an address");
    let tls = Middleman::tls(certificate, nobody).await;
    let url = format!("wss://localhost:{}", tls.address.port());
    let (error, topic) = fails(name, &url, Network { ca_file: Some(ca_file), ..Network::default() }).await;
    assert_eq!((error.code, topic), (ErrorCode::Protocol, HelpTopic::TheCertificateIsntAccepted), "{error:?}");
    assert!(error.message.starts_with(&format!("The certificate of the server at {url} ")), "{error:?}");
    error
}

#[tokio::test]
async fn a_certificate_of_an_own_authority_is_accepted_when_its_file_is_named() {
    let server = Server::start("own-authority").await;
    let authority = Authority::new();
    let ca_file = server.ground.path().join("ca.pem");
    std::fs::write(&ca_file, &authority.pem).expect("write the certificate");
    for (name, address) in [("localhost", "localhost"), ("127.0.0.1", "127.0.0.1")] {
        let tls = Middleman::tls(authority.issue(name, (2020, 2090)), server.address).await;
        let url = format!("wss://{address}:{}", tls.address.port());
        server.is_reached(&url, Network { ca_file: Some(ca_file.clone()), ..Network::default() }).await;
    }
}

#[tokio::test]
async fn an_expired_certificate_is_named_with_its_last_day() {
    let error = told("expired", "localhost", (2015, 2016)).await;
    assert!(error.message.contains("ran out on 01 Jan 2016."), "{error:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_yet_valid_sends_people_to_their_clock() {
    let error = told("early", "localhost", (2088, 2090)).await;
    assert!(error.message.contains("only from 01 Jan 2088. Check this device's clock."), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_says_for_which() {
    let error = told("other-name", "other.example.org", (2020, 2090)).await;
    assert!(error.message.contains("is for other.example.org, not for localhost."), "{error:?}");
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_says_how_to_trust_it() {
    let trusted = Authority::new();
    let strangers = [Authority::new().issue("localhost", (2020, 2090)), Authority::self_signed("localhost", false)];
    for certificate in strangers {
        let error = told_of("stranger", certificate, &trusted).await;
        assert!(error.message.contains("comes from nobody this device trusts"), "{error:?}");
        assert!(error.message.contains("STET_CA_FILE"), "{error:?}");
    }
    let error = told_of("issuer", Authority::self_signed("localhost", true), &trusted).await;
    assert!(error.message.contains("is one that issues others (CA:TRUE)"), "{error:?}");
}

#[tokio::test]
async fn tls_and_none_meet_with_words_about_the_address() {
    let server = Server::start("plain").await;
    let url = format!("wss://localhost:{}", server.address.port());
    let (error, topic) = fails("tls-to-plain", &url, Network::default()).await;
    assert_eq!((error.code, topic), (ErrorCode::Protocol, HelpTopic::SomethingElseAnswers));
    assert!(error.message.contains("doesn't speak TLS"), "{error:?}");

    let certificate = Authority::new().issue("localhost", (2020, 2090));
    let tls = Middleman::tls(certificate, server.address).await;
    let url = format!("ws://localhost:{}", tls.address.port());
    let (error, topic) = fails("plain-to-tls", &url, Network::default()).await;
    assert_eq!((error.code, topic), (ErrorCode::Protocol, HelpTopic::SomethingElseAnswers));
    assert!(error.message.contains("wants TLS. Write the address with wss://"), "{error:?}");
}

#[tokio::test]
async fn a_file_of_certificates_that_is_none_is_named() {
    let ground = Ground::shared("ca-file");
    let missing = ground.path().join("missing.pem");
    let empty = ground.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").expect("write a file");
    let tls =
        Middleman::tls(Authority::new().issue("localhost", (2020, 2090)), "127.0.0.1:1".parse().expect("an address"));
    let url = format!("wss://localhost:{}", tls.await.address.port());
    for file in [missing, empty] {
        let network = Network { ca_file: Some(file.clone()), ..Network::default() };
        let (error, topic) = fails("ca-file-device", &url, network).await;
        assert!(error.message.starts_with(&format!("The file {}", file.display())), "{error:?}");
        assert_eq!(topic, HelpTopic::TheCertificateIsntAccepted);
    }
}
