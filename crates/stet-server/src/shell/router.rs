//! The paths of the server. Never what goes through a socket.

use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{Semaphore, watch};

use super::gate::GateOf;
use super::{Engine, origin, socket};
use crate::database::Read;

/// Most of what a socket at rest weighs would be its read buffer: a small one holds an edit, and is read several times for a
/// large frame.
const READ_BUFFER: usize = 1 << 10;
/// Frames are written whole: a write buffer would only be filled and emptied.
const WRITE_BUFFER: usize = 0;

/// A frame that is too large by no more than this is read to its end and answered; the socket of a larger one is closed.
const ANSWERED_BYTES: usize = 1 << 20;

/// What the paths work with.
#[derive(Clone)]
pub struct App {
    /// The hub and its threads.
    pub engine: Arc<Engine>,
    /// Web pages that may connect.
    pub allow_origin: Arc<[String]>,
    /// One permit for each socket there may still be.
    pub places: Arc<Semaphore>,
    /// True once the server goes down.
    pub draining: watch::Receiver<bool>,
    /// Asked whether the database answers.
    pub probe: Arc<Mutex<Box<dyn Read>>>,
}

/// The server's paths.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(upgrade))
        .route("/ws", get(upgrade))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(app)
}

async fn upgrade(
    State(app): State<App>,
    ConnectInfo(GateOf(gate)): ConnectInfo<GateOf>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let named = headers.get(header::ORIGIN);
    let origin = named.map(|origin| origin.to_str().unwrap_or("unreadable"));
    if !origin::allowed(origin, &app.allow_origin) {
        return (StatusCode::FORBIDDEN, "pages of this origin may not connect: see --allow-origin\n").into_response();
    }
    let place = Arc::clone(&app.places).try_acquire_owned();
    let (Ok(place), false) = (place, *app.draining.borrow()) else {
        let wait = [(header::RETRY_AFTER, "5")];
        return (StatusCode::SERVICE_UNAVAILABLE, wait, "the server takes no connection now\n").into_response();
    };
    let limit = usize::try_from(app.engine.settings().limits.message_bytes).unwrap_or(usize::MAX);
    let max = limit.saturating_add(ANSWERED_BYTES);
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(max)
        .max_frame_size(max)
        .on_upgrade(async move |socket| {
            gate.guard();
            socket::run(socket, app.engine, &gate).await;
            drop(place);
        })
}

async fn ready(State(app): State<App>) -> Response {
    if *app.draining.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "going down\n").into_response();
    }
    let probe = Arc::clone(&app.probe);
    let answer =
        tokio::task::spawn_blocking(move || probe.lock().unwrap_or_else(std::sync::PoisonError::into_inner).store_id());
    match answer.await {
        Ok(Ok(_)) => "ready\n".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database doesn't answer\n").into_response(),
    }
}
