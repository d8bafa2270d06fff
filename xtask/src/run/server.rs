//! The server of this machine and the account on it.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::apps::Account;
use crate::failure::Failure;
use crate::process::{self, Group};

/// A first start makes a database; a minute of nothing is a fault.
const READY: Duration = Duration::from_secs(60);
/// An answer on loopback takes milliseconds.
const ANSWER: Duration = Duration::from_secs(2);
/// Made anew at every run, so it only has to outlive a long one.
const TOKEN_LIFE: &str = "30d";

/// Makes the account, starts the server, and waits until it is ready.
pub fn start(program: &Path, folder: &Path, port: u16) -> Result<(Group, Account), Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    require_free(address)?;
    let data = folder.join("server");
    fs::create_dir_all(&data).map_err(Failure::file(&data))?;
    let token_file = folder.join("token");
    make_account(program, &data, &token_file)?;

    let mut serve = Command::new(program);
    serve.args(["serve", "--listen", &address.to_string(), "--data"]).arg(&data);
    if env::var_os("STET_LOG").is_none() {
        serve.env("STET_LOG", "info");
    }
    let mut server = Group::start("stet-server", &mut serve, &folder.join("log/server.log"))?;
    let ready = process::wait_for(READY, || {
        server.must_run()?;
        Ok((status_of("/readyz", address) == Some(200)).then_some(()))
    })?;
    if ready.is_none() {
        return Err(server.failure(&format!("was not ready on {address} after {} s", READY.as_secs())));
    }
    println!("Server: ws://{address}");
    let account = Account::local(format!("ws://{address}"), token_file);
    Ok((server, account))
}

fn require_free(address: SocketAddr) -> Result<(), Failure> {
    let Err(error) = TcpListener::bind(address) else {
        return Ok(());
    };
    let port = address.port();
    let other = if port == u16::MAX { port - 1 } else { port + 1 };
    Err(Failure::said(match error.kind() {
        ErrorKind::AddrInUse if status_of("/healthz", address) == Some(200) => format!(
            "Port {port} is taken by a server that answers like ours, perhaps of another `cargo xtask run`. End that \
             one, use it with --server ws://{address}, or take another port with --port {other} and --data DIR."
        ),
        ErrorKind::AddrInUse => {
            format!("Port {port} is taken by another program. Take another port with --port {other}.")
        }
        ErrorKind::PermissionDenied => format!("Port {port} may not be used here. Take another with --port 3000."),
        _ => format!("Port {port} can't be used: {error}"),
    }))
}

fn make_account(program: &Path, data: &Path, token_file: &Path) -> Result<(), Failure> {
    let user =
        ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| env::var(name).ok()).filter(|name| !name.is_empty());
    let user = user.unwrap_or_else(|| "me".to_owned());
    let mut make = Command::new(program);
    make.args(["token", "--user", &user, "--ttl", TOKEN_LIFE, "--data"]).arg(data);
    let token = process::answer(&mut make)?;
    write_secret(token_file, &token).map_err(Failure::file(token_file))
}

/// Writes a file that only this user can read, replacing an older one whatever its mode was.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// The status an HTTP server answers with, if one does.
fn status_of(path: &str, address: SocketAddr) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER).ok()?;
    stream.set_read_timeout(Some(ANSWER)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut head = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head).ok()?.split(' ').nth(1)?.parse().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::os::unix::fs::PermissionsExt;

    use super::{fs, require_free, write_secret};

    #[test]
    fn a_port_taken_by_another_program_is_said_with_a_way_out() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let message = require_free(address).unwrap_err().to_string();
        assert!(message.contains(&format!("Port {} is taken", address.port())), "{message}");
        assert!(message.contains("--port"), "{message}");
        drop(taken);
        require_free(address).unwrap();
    }

    #[test]
    fn the_token_file_is_for_its_owner_only_whatever_it_was_before() {
        let folder = std::env::temp_dir().join(format!("stet-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("token");
        fs::write(&file, "older and longer").unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        write_secret(&file, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(&folder).unwrap();
    }
}
