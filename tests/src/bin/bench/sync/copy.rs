//! The control: the same bytes over one plain WebSocket, each batch committed to SQLite (WAL, `synchronous=FULL`) as
//! rows of the same number. The receiver is a process of its own, as the device is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::child::Child;
use super::peer::Batch;
use crate::say;

/// Makes this program the receiver; a database and an address follow.
pub const ARGUMENT: &str = "--copy";

/// Sends the batches to a receiver; how long it took from its start until the last was on its disk.
pub async fn copy(batches: &[Batch], database: &Path) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the control");
    let url = format!("ws://{}", listener.local_addr().expect("its address"));
    let mut child = Child::start(ARGUMENT, [database.as_os_str(), url.as_ref()]);
    let (stream, _) = listener.accept().await.expect("the receiver connects");
    let _ = stream.set_nodelay(true);
    let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a WebSocket");
    for batch in batches {
        let mut frame = (batch.rows as u32).to_be_bytes().to_vec();
        frame.extend(&batch.bytes);
        socket.send(Message::Binary(frame.into())).await.expect("the receiver takes a frame");
    }
    socket.send(Message::Text("end".into())).await.expect("the receiver takes the end");
    child.time("copied").await
}

/// The receiver.
pub fn receive() -> ExitCode {
    let mut arguments = std::env::args().skip(2);
    let (Some(database), Some(url)) = (arguments.next(), arguments.next()) else { return ExitCode::FAILURE };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else {
        return ExitCode::FAILURE;
    };
    runtime.block_on(async {
        let began = std::time::Instant::now();
        let mut disk = open(&PathBuf::from(database));
        let config = WebSocketConfig::default();
        let connected = tokio_tungstenite::connect_async_with_config(url, Some(config), true).await;
        let mut socket = connected.expect("the sender takes a socket").0;
        while let Some(Ok(Message::Binary(frame))) = socket.next().await {
            tokio::task::block_in_place(|| commit(&mut disk, &frame));
        }
        say(&format!("copied {}", began.elapsed().as_secs_f64() * 1e3));
    });
    ExitCode::SUCCESS
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a database for the control");
    connection.pragma_update(None, "journal_mode", "wal").expect("WAL");
    connection.pragma_update(None, "synchronous", "full").expect("FULL");
    connection.execute_batch("CREATE TABLE log (seq INTEGER PRIMARY KEY, ops BLOB) STRICT").expect("a table");
    connection
}

fn commit(connection: &mut Connection, frame: &[u8]) {
    let (rows, bytes) = frame.split_at(4);
    let rows = u32::from_be_bytes(rows.try_into().expect("four bytes")).max(1) as usize;
    let transaction = connection.transaction().expect("a transaction");
    for piece in bytes.chunks(bytes.len().div_ceil(rows)) {
        let insert = transaction.prepare_cached("INSERT INTO log (ops) VALUES (?1)");
        insert.expect("a statement").execute([piece]).expect("a row");
    }
    transaction.commit().expect("a commit");
}
