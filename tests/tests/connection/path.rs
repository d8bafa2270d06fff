//! A server at a place below a path, behind a proxy that takes the path away.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use stet_client::api::status::HelpTopic;
use stet_client::network::Network;
use stet_tests::wait::eventually;

use crate::middlemen::Middleman;
use crate::{Server, fails};

#[tokio::test]
async fn a_server_below_a_path_is_reached_by_the_address_as_it_was_typed() {
    let server = Server::start("path").await;
    let web = Middleman::stripping(server.address).await;
    for path in ["/notes/", "/notes/ws"] {
        let url = stet_client::config::socket_url(&format!("http://{}{path}", web.address)).expect("an address");
        server.is_reached(&url, Network::default()).await;
    }
}

#[tokio::test]
async fn a_path_without_its_slash_says_where_it_leads() {
    let server = Server::start("slash").await;
    let web = Middleman::stripping(server.address).await;
    let (error, topic) = fails("slash-device", &format!("ws://{}/notes", web.address), Network::default()).await;
    assert!(error.message.contains(&format!("sends on to ws://{}/notes/ (HTTP 301)", web.address)), "{error:?}");
    assert_eq!(topic, HelpTopic::SomethingElseAnswers);
}

/// A real nginx in front of a server, ended with the test.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Nginx {
    /// Starts one with the lines of docs/self-hosting.md, on a free port.
    async fn start(folder: &Path, server: std::net::SocketAddr) -> Option<(Self, u16)> {
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"].map(PathBuf::from);
        let program = program.into_iter().find(|path| path.exists())?;
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let page = include_str!("../../../docs/self-hosting.md");
        let location = page.split("location /notes/ {").nth(1).and_then(|rest| rest.split("\n}").next());
        let location = location
            .expect("docs/self-hosting.md has a place below a path")
            .replace("127.0.0.1:3000", &server.to_string());
        let at = folder.display();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n\
             client_body_temp_path {at}/1;\nproxy_temp_path {at}/2;\nfastcgi_temp_path {at}/3;\nuwsgi_temp_path {at}/4;\n\
             scgi_temp_path {at}/5;\nserver {{\nlisten 127.0.0.1:{port};\nlocation /notes/ {{{location}\n}}\n}}\n}}\n"
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, config).expect("write the settings");
        let log = folder.join("error.log");
        let child = Command::new(program).arg("-e").arg(&log).arg("-c").arg(&path).spawn().expect("start nginx");
        let nginx = Self(child);
        eventually("nginx", async || {
            let reached = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            reached.map(drop).map_err(|error| format!("{error}: {}", std::fs::read_to_string(&log).unwrap_or_default()))
        })
        .await;
        Some((nginx, port))
    }
}

#[tokio::test]
async fn the_lines_for_nginx_in_the_documentation_work() {
    let server = Server::start("nginx").await;
    let folder = server.ground.folder("web");
    let Some((nginx, port)) = Nginx::start(&folder, server.address).await else {
        eprintln!("left out: there is no nginx here");
        return;
    };
    server.is_reached(&format!("ws://127.0.0.1:{port}/notes/"), Network::default()).await;
    let (error, _) = fails("nginx-elsewhere", &format!("ws://127.0.0.1:{port}/other"), Network::default()).await;
    assert!(error.message.contains("There is no Stet at"), "{error:?}");
    let (error, _) = fails("nginx-slash", &format!("ws://127.0.0.1:{port}/notes"), Network::default()).await;
    assert!(error.message.contains("/notes/ (HTTP 301)"), "{error:?}");
    drop(nginx);
}
