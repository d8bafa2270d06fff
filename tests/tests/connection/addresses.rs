//! Both kinds of addresses.

use stet_client::network::Network;

use crate::Server;

#[tokio::test]
async fn a_server_that_listens_on_the_newer_addresses_is_reached_by_one() {
    let server = Server::listen("v6", "[::1]:0").await;
    server.is_reached(&format!("ws://{}", server.address), Network::default()).await;
}

#[tokio::test]
async fn a_name_finds_the_server_whichever_kind_of_address_it_listens_on() {
    for address in ["[::1]:0", "127.0.0.1:0"] {
        let both = tokio::net::lookup_host(("localhost", 1)).await.expect("look a name up").collect::<Vec<_>>();
        let server = Server::listen("localhost", address).await;
        if both.iter().any(|found| found.ip() == server.address.ip()) {
            server.is_reached(&format!("ws://localhost:{}", server.address.port()), Network::default()).await;
        } else {
            eprintln!("left out: on this machine localhost isn't {}", server.address.ip());
        }
    }
}

#[tokio::test]
async fn a_server_on_all_addresses_takes_both_kinds() {
    let server = Server::listen("dual", "[::]:0").await;
    for host in ["[::1]", "127.0.0.1"] {
        server.is_reached(&format!("ws://{host}:{}", server.address.port()), Network::default()).await;
    }
}
