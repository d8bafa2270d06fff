//! From a name to a TCP connection, over whichever of its addresses answers first (RFC 8305). Knows no proxies and no TLS.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpSocket, TcpStream};

use super::failure::Failure;

/// An address that says nothing for this long gets company from the next one.
const NEXT_AFTER: Duration = Duration::from_millis(250);
/// Addresses of a name that are tried; the system names the likely ones first.
const ADDRESSES: usize = 16;
/// What the system may hold of what was written, bytes. Small enough to leave over a slow line (64 kbit/s) before the server
/// is taken for dead, as nothing shows how much of it did; enough for 2 MB/s half around the world.
const SEND_BUFFER: u32 = 128 * 1024;

/// Connects to a machine.
pub(super) async fn dial(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let unknown = || Failure::UnknownName(host.to_owned());
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(|_| unknown())?.collect();
    let addresses = in_turn(found);
    if addresses.is_empty() {
        return Err(unknown());
    }
    race(addresses, connect).await.map_err(|error| Failure::from_io(&error))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_send_buffer_size(SEND_BUFFER)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The two kinds of addresses in turn, beginning with the kind the system prefers.
fn in_turn(found: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_kind = found.first().is_some_and(SocketAddr::is_ipv6);
    let (mut some, mut others): (VecDeque<_>, VecDeque<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == first_kind);
    let mut all = VecDeque::new();
    while !(some.is_empty() && others.is_empty()) {
        all.extend(some.pop_front());
        all.extend(others.pop_front());
    }
    all.truncate(ADDRESSES);
    all
}

/// Tries one address after the other, the next one as soon as one fails or is late; the first that answers wins, and the
/// others are given up. When none does, the first error that says more than "no way there" stands for all.
async fn race<T, F>(mut addresses: VecDeque<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut running = FuturesUnordered::new();
    let mut failed: Option<io::Error> = None;
    loop {
        if let Some(next) = addresses.pop_front() {
            running.push(connect(next));
        }
        let late = async {
            match addresses.is_empty() {
                true => std::future::pending().await,
                false => tokio::time::sleep(NEXT_AFTER).await,
            }
        };
        tokio::select! {
            ended = running.next() => match ended {
                Some(Ok(connected)) => return Ok(connected),
                Some(Err(error)) => failed = Some(failed.filter(says_much).unwrap_or(error)),
                None if addresses.is_empty() => return Err(failed.unwrap_or_else(|| io::ErrorKind::NotFound.into())),
                None => {}
            },
            () = late => {}
        }
    }
}

fn says_much(error: &io::Error) -> bool {
    !matches!(Failure::from_io(error), Failure::NoNetwork)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::Instant;

    use super::{connect, dial, in_turn, race};
    use crate::network::failure::Failure;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn the_two_kinds_of_addresses_take_turns_and_the_systems_favourite_begins() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let expected = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(Vec::from(in_turn(found)), expected);
        assert_eq!(in_turn(addresses(&["1.1.1.1:1"; 99])).len(), 16, "a name with endless addresses");
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_says_nothing_costs_a_quarter_of_a_second() {
        let began = Instant::now();
        let dead = addresses(&["[::1]:1", "1.1.1.1:1"]);
        let won = race(dead.into(), |address| async move {
            if address.is_ipv6() { std::future::pending().await } else { Ok::<_, io::Error>(address.port()) }
        });
        assert_eq!((won.await.unwrap(), began.elapsed()), (1, Duration::from_millis(250)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_refuses_costs_nothing_and_a_late_one_may_still_win() {
        let began = Instant::now();
        let all = addresses(&["1.1.1.1:1", "1.1.1.1:2", "1.1.1.1:3"]);
        let won = race(all.into(), |address| async move {
            match address.port() {
                1 => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
                2 => {
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    Ok(2)
                }
                _ => std::future::pending().await,
            }
        });
        assert_eq!((won.await.unwrap(), began.elapsed()), (2, Duration::from_millis(400)));
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_errors_the_one_that_says_something_is_told() {
        let all = addresses(&["[::1]:1", "1.1.1.1:2", "[::1]:3"]);
        let lost = race(all.into(), |address| async move {
            let kind =
                if address.is_ipv6() { io::ErrorKind::NetworkUnreachable } else { io::ErrorKind::ConnectionRefused };
            Err::<(), _>(io::Error::from(kind))
        });
        assert_eq!(lost.await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn a_real_address_that_swallows_everything_leaves_the_next_one_its_turn() {
        // A queue of one that is full: the system drops who else knocks, as a firewall does.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = socket.listen(1).unwrap();
        let dead = full.local_addr().unwrap();
        let mut knocking = Vec::new();
        while let Ok(taken) = tokio::time::timeout(Duration::from_millis(300), connect(dead)).await {
            knocking.push(taken.unwrap());
            assert!(knocking.len() < 64, "this system takes everybody");
        }
        let alive = TcpListener::bind("[::1]:0").await.unwrap();
        let all = [dead, alive.local_addr().unwrap()];
        let stream = race(all.into(), connect).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive.local_addr().unwrap());
    }

    #[tokio::test]
    async fn what_is_wrong_with_an_address_is_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(dial("127.0.0.1", port).await.is_ok());
        assert!(dial("localhost", port).await.is_ok());
        drop(listener);
        assert_eq!(dial("127.0.0.1", port).await.unwrap_err(), Failure::Refused);
        // The ending is reserved for names that never exist (RFC 2606).
        let unknown = dial("notes.invalid", port).await.unwrap_err();
        assert_eq!(unknown, Failure::UnknownName("notes.invalid".to_owned()));
        // The network for documentation and the address that is none: no way there.
        assert_eq!(dial("255.255.255.255", port).await.unwrap_err(), Failure::NoNetwork);
    }
}
