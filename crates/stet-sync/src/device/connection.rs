//! Opening, greeting, signing in, heartbeat, token renewal and coming back.

use stet_model::id::{SpaceId, UserId};
use stet_protocol::close::CloseCode;
use stet_protocol::codec::{self, Encoding, Frame};
use stet_protocol::limits::{ANSWER_TIMEOUT_MS, HEARTBEAT_MS, RECONNECT_SLOW_MS};
use stet_protocol::message::{Auth, AuthFailure, AuthSuccess, ErrorCode, ErrorMessage, Limits, level2};

use super::output::{Agreed, Output, Place, Problem};
use super::{Device, State};

/// Opening a socket, TLS included, may take this long, milliseconds.
const OPEN_MS: u64 = 30_000;
/// The same when there is reason to think it dead: another network, a machine that slept; milliseconds.
const PROBE_ANSWER_MS: u64 = 2_000;
/// A step of an attempt this young is left alone when an address comes up: it may have brought the attempt about.
const YOUNG_MS: u64 = 2_000;
/// Signed in for this long counts as a success even when no catch-up completes, milliseconds.
const STABLE_MS: u64 = 30_000;
/// Unreadable frames on one connection before it is given up.
const GARBAGE_LIMIT: u32 = 20;
/// Bounds of what a server may ask for as the wait until the next attempt, milliseconds: none that comes back in a storm, none
/// that is forgotten.
const RETRY_AFTER_MS: (u64, u64) = (1_000, 300_000);
/// A token is renewed this long before it runs out, or at nine tenths of its life, milliseconds.
const RENEW_AHEAD_MS: u64 = 60_000;
/// After a renewal that brought nothing newer, ask again this much later, milliseconds.
const RENEW_AGAIN_MS: u64 = 15_000;

/// Where one attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Waiting { until: u64 },
    Opening { deadline: u64 },
    Greeting { deadline: u64 },
    Authenticating { deadline: u64, sent: bool },
    Entering,
    Live { since: u64 },
}

/// What is known of the open socket.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    pub(super) heard_at: u64,
    pub(super) ping_due: Option<u64>,
    pub(super) pinged_at: Option<u64>,
    /// Should the ping go unanswered, the next attempt is made at once: there is a network.
    probing: bool,
    heartbeat_ms: u64,
    pub(super) round_trip_ms: Option<u64>,
    renew_at: Option<u64>,
    renewing: bool,
    expires_at: Option<u64>,
    stable: bool,
    garbage: u32,
    retry_after_ms: Option<u64>,
    token_refused: bool,
}

impl Device {
    /// Connects now: at start, after a click or a new login. Waits are forgotten; a live connection is only checked.
    pub fn connect(&mut self, now: u64) {
        self.wanted = true;
        self.blocked = false;
        self.backoff.reset();
        match self.phase {
            Phase::Idle | Phase::Waiting { .. } if !self.paused => self.open(now),
            Phase::Live { .. } => self.ping(now),
            _ => {}
        }
    }

    /// Whether a server took the token and waits to hear where this device stands.
    pub fn awaits_entry(&self) -> bool {
        self.phase == Phase::Entering
    }

    /// The network is back or another one, or the machine woke up. What was under way went to the network before: an
    /// attempt begins anew, and a live connection has little time to show that it is one. But with something large on its
    /// way a ping would have to wait behind that.
    pub fn network_up(&mut self, now: u64) {
        if !self.wanted || self.paused {
            return;
        }
        if let Phase::Opening { deadline } | Phase::Greeting { deadline } | Phase::Authenticating { deadline, .. } =
            self.phase
            && now + ANSWER_TIMEOUT_MS >= deadline + YOUNG_MS
        {
            self.close(1000);
            self.phase = Phase::Idle;
        }
        self.connect(now);
        if matches!(self.phase, Phase::Live { .. }) && !self.push.sends_much() {
            self.link.ping_due = self.link.ping_due.map(|due| due.min(now + PROBE_ANSWER_MS));
            self.link.probing = true;
        }
    }

    /// Ends the connection and stays away until [`Device::connect`].
    pub fn disconnect(&mut self) {
        self.wanted = false;
        self.push.forget_pause();
        self.close(1000);
        self.phase = Phase::Idle;
    }

    /// Stops or resumes syncing.
    pub fn pause(&mut self, paused: bool, now: u64) {
        let resumed = self.paused && !paused;
        self.paused = paused;
        if paused {
            self.close(1000);
            self.phase = Phase::Idle;
        } else if resumed && self.wanted {
            self.connect(now);
        }
    }

    /// The socket is open.
    pub fn opened(&mut self, now: u64) {
        if matches!(self.phase, Phase::Opening { .. }) {
            self.phase = Phase::Greeting { deadline: now + ANSWER_TIMEOUT_MS };
            let token_refused = self.link.token_refused;
            self.link = Link { heard_at: now, heartbeat_ms: HEARTBEAT_MS, token_refused, ..Link::default() };
        }
    }

    /// The socket couldn't be opened, or broke; `reason` says why in words.
    pub fn closed(&mut self, code: Option<u16>, reason: &str, now: u64) {
        match self.phase {
            Phase::Idle | Phase::Waiting { .. } => {}
            _ => {
                if code == Some(CloseCode::TooBig.number()) {
                    self.was_too_big();
                }
                // A server that closes on purpose has said why; a broken line speaks for itself.
                let expected = matches!(code, Some(1012)) && self.link.retry_after_ms.is_some();
                if !expected {
                    let words = match code {
                        Some(code) if !reason.is_empty() => format!("{reason} (code {code})"),
                        Some(code) => format!("the server closed the connection (code {code})"),
                        None => reason.to_owned(),
                    };
                    self.outputs.push(Output::Problem(Problem::Unreachable(words)));
                }
                self.lost(now);
            }
        }
    }

    /// The socket couldn't be opened; the server may have said when to come back, milliseconds. Whether it was waited for.
    pub fn failed(&mut self, retry_after_ms: Option<u64>, now: u64) -> bool {
        let waited_for = matches!(self.phase, Phase::Opening { .. });
        if waited_for {
            let waits = |ms: u64| ms.clamp(RETRY_AFTER_MS.0, RETRY_AFTER_MS.1);
            self.link.retry_after_ms = retry_after_ms.map(waits);
            self.lost(now);
        }
        waited_for
    }

    /// The answer to [`Output::NeedToken`]: a token, or why there is none.
    pub fn token(&mut self, token: Result<String, String>, now: u64) {
        match (token, self.phase) {
            (Ok(token), Phase::Authenticating { sent: false, .. }) => {
                self.phase = Phase::Authenticating { deadline: now + ANSWER_TIMEOUT_MS, sent: true };
                self.send_auth(token);
            }
            (Ok(token), Phase::Live { .. }) if self.link.renewing && self.level == Some(2) => self.send_auth(token),
            (Err(reason), Phase::Authenticating { sent: false, .. }) => {
                self.block(Problem::NoToken(reason), now);
            }
            _ => {}
        }
    }

    /// The engine found the server's database and user to be the ones this store belongs to: catch up and send.
    pub fn enter(&mut self, spaces: &[(SpaceId, Option<Place>)], now: u64) {
        if self.phase != Phase::Entering {
            return;
        }
        self.phase = Phase::Live { since: now };
        self.encoding = Encoding::MessagePack;
        for (space, place) in spaces {
            self.enter_space(*space, *place, now);
        }
        for (space_id, note_id) in self.joined.clone() {
            self.send(&level2::ClientMessage::JoinNote { space_id, note_id });
        }
        self.pump(now);
    }

    /// The engine refuses what the server agreed on; people have to act.
    pub fn refuse(&mut self, reason: String, now: u64) {
        if self.phase == Phase::Entering {
            self.block(Problem::Binding(reason), now);
        }
    }

    /// The log isn't the one that was followed so far, as the server or a comparison says: people have to decide.
    pub fn diverged(&mut self, now: u64) {
        self.block(Problem::DivergedLog, now);
    }

    /// The connection ends, and the next attempts come seldom: this needs people.
    fn block(&mut self, problem: Problem, now: u64) {
        self.outputs.push(Output::Problem(problem));
        self.blocked = true;
        self.give_up(1000, now);
    }

    /// A frame came.
    pub fn received(&mut self, frame: &Frame, now: u64) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting { .. } | Phase::Opening { .. }) {
            return;
        }
        self.link.heard_at = now;
        self.link.ping_due = None;
        self.link.probing = false;
        if self.level == Some(1) {
            return self.received_level1(frame, now);
        }
        // Sizes were bounded by the socket; the server's own limit speaks of what it takes, not of what it sends.
        match codec::decode::<level2::ServerMessage>(frame, usize::MAX) {
            Ok(message) => self.handle(message, now),
            Err(error) => self.garbage(&error.to_string(), now),
        }
    }

    /// What is due now.
    pub fn tick(&mut self, now: u64) {
        match self.phase {
            Phase::Waiting { until } if now >= until => self.open(now),
            Phase::Opening { deadline } | Phase::Greeting { deadline } | Phase::Authenticating { deadline, .. }
                if now >= deadline =>
            {
                self.outputs.push(Output::Problem(Problem::Silent));
                self.give_up(1000, now);
            }
            Phase::Live { since } => self.tick_live(since, now),
            _ => {}
        }
    }

    /// When [`Device::tick`] has something to do.
    pub fn wake_at(&self) -> Option<u64> {
        match self.phase {
            Phase::Idle | Phase::Entering => None,
            Phase::Waiting { until } => Some(until),
            Phase::Opening { deadline } | Phase::Greeting { deadline } | Phase::Authenticating { deadline, .. } => {
                Some(deadline)
            }
            Phase::Live { since } => {
                let ping = self.link.ping_due.unwrap_or(self.link.heard_at + self.link.heartbeat_ms);
                let stable = (!self.link.stable).then_some(since + STABLE_MS);
                let spaces = self.spaces.values().filter_map(|space| space.wake_at());
                [
                    Some(ping),
                    stable,
                    self.link.renew_at,
                    self.link.expires_at,
                    self.push.wake_at(),
                    self.level1_wake_at(),
                ]
                .into_iter()
                .flatten()
                .chain(spaces)
                .min()
            }
        }
    }

    pub(super) fn garbage(&mut self, error: &str, now: u64) {
        self.outputs.push(Output::Problem(Problem::NotTheProtocol(error.to_owned())));
        self.link.garbage += 1;
        if !matches!(self.phase, Phase::Live { .. }) || self.link.garbage > GARBAGE_LIMIT {
            self.give_up(4400, now);
        }
    }

    pub(super) fn greeted(&mut self, now: u64) {
        if matches!(self.phase, Phase::Greeting { .. }) {
            self.phase = Phase::Authenticating { deadline: now + ANSWER_TIMEOUT_MS, sent: false };
            self.outputs.push(Output::NeedToken { fresh: self.link.token_refused });
        }
    }

    pub(super) fn auth_success(&mut self, success: AuthSuccess, now: u64) {
        match (self.phase, success.level2) {
            (Phase::Authenticating { sent: true, .. }, Some(agreement)) => {
                self.level = Some(2);
                self.signed_in(&agreement.limits);
                self.link.heartbeat_ms = agreement.heartbeat_ms.clamp(5_000, 120_000);
                self.token_lasts(agreement.expires_in_ms, now);
                self.phase = Phase::Entering;
                self.agreed_spaces(&agreement.spaces);
                self.outputs.push(Output::Agreed(Box::new(Agreed {
                    user_id: success.user_id,
                    store_id: agreement.store_id,
                    connection_id: agreement.connection_id,
                    timestamp: agreement.timestamp,
                    note_bytes: agreement.limits.note_bytes,
                    spaces: agreement.spaces,
                })));
            }
            (Phase::Authenticating { sent: true, .. }, None) => self.auth_success_level1(success.user_id, now),
            (Phase::Live { .. }, Some(agreement)) => self.token_lasts(agreement.expires_in_ms, now),
            _ => self.garbage("an auth_success nobody asked for", now),
        }
    }

    fn auth_success_level1(&mut self, user_id: UserId, now: u64) {
        self.level = Some(1);
        self.signed_in(&Limits::default());
        self.phase = Phase::Entering;
        // There is no log to be followed.
        self.open_push(now);
        self.outputs.push(Output::AgreedLevel1 { user_id });
    }

    fn signed_in(&mut self, limits: &Limits) {
        self.ever_connected = true;
        self.blocked = false;
        self.link.token_refused = false;
        self.push.set_limits(limits);
    }

    fn token_lasts(&mut self, expires_in_ms: u64, now: u64) {
        self.link.renewing = false;
        // A token that lasts for centuries needs no timer; the bound keeps the sum from overflowing.
        let lasts = expires_in_ms.min(10 * 365 * 86_400_000);
        self.link.expires_at = Some(now + lasts);
        self.link.renew_at = Some(now + lasts.saturating_sub(RENEW_AHEAD_MS.min(lasts / 10)));
    }

    pub(super) fn auth_failed(&mut self, reason: Option<AuthFailure>, message: String, now: u64) {
        if matches!(self.phase, Phase::Live { .. }) {
            // A refused renewal: the old token may still be good for a while, and a newer one may come.
            self.link.renewing = false;
            self.link.renew_at = Some(now + RENEW_AGAIN_MS);
            return;
        }
        let reason = reason.unwrap_or(AuthFailure::Unknown);
        self.outputs.push(Output::Problem(Problem::Refused(reason, message)));
        // An expired token may have been replaced meanwhile, so the first refusal is tried again soon, with a fresh one.
        self.blocked = reason != AuthFailure::TokenExpired || self.link.token_refused;
        self.link.token_refused = true;
        self.give_up(1000, now);
    }

    pub(super) fn draining(&mut self, retry_after_ms: u64) {
        self.link.retry_after_ms = Some(retry_after_ms.clamp(RETRY_AFTER_MS.0, RETRY_AFTER_MS.1));
    }

    pub(super) fn server_error(&mut self, error: ErrorMessage, now: u64) {
        match error.code {
            ErrorCode::DivergedLog => self.diverged(now),
            ErrorCode::TooManySockets => self.block(Problem::Server(error.code, error.message), now),
            _ if self.refused(&error, now) => {}
            code => self.outputs.push(Output::Problem(Problem::Server(code, error.message))),
        }
    }

    /// Ends this connection from our side; the next attempt comes by itself.
    pub(super) fn give_up(&mut self, code: u16, now: u64) {
        self.close(code);
        self.lost(now);
    }

    /// A catch-up completed: whatever failed before is over.
    pub(super) fn succeeded(&mut self) {
        self.link.stable = true;
        self.backoff.reset();
    }

    fn open(&mut self, now: u64) {
        self.level = None;
        self.phase = Phase::Opening { deadline: now + OPEN_MS };
        self.outputs.push(Output::Open);
    }

    fn close(&mut self, code: u16) {
        if !matches!(self.phase, Phase::Idle | Phase::Waiting { .. }) {
            self.outputs.push(Output::Close { code });
        }
        self.forget_connection();
    }

    fn lost(&mut self, now: u64) {
        let retry_after = self.link.retry_after_ms.take();
        self.forget_connection();
        if !self.wanted || self.paused {
            self.phase = Phase::Idle;
            return;
        }
        let drawn = self.backoff.failed();
        let wait = if self.blocked { RECONNECT_SLOW_MS } else { retry_after.unwrap_or(drawn) };
        self.phase = Phase::Waiting { until: now + wait };
    }

    fn forget_connection(&mut self) {
        self.level = None;
        self.link.round_trip_ms = None;
        self.push.forget_connection();
        self.level_one.forget_connection();
        self.spaces.values_mut().for_each(super::Space::forget_connection);
    }

    fn tick_live(&mut self, since: u64, now: u64) {
        self.level1_tick(now);
        if self.link.probing && self.link.ping_due.is_some_and(|due| now >= due) {
            self.outputs.push(Output::Problem(Problem::Silent));
            self.close(1000);
            return self.open(now);
        }
        if self.link.ping_due.is_some_and(|due| now >= due) || self.push.overdue(now) || self.overdue_catch_up(now) {
            self.outputs.push(Output::Problem(Problem::Silent));
            return self.give_up(1000, now);
        }
        if self.link.expires_at.is_some_and(|at| now >= at) && self.level == Some(2) {
            self.link.token_refused = true;
            return self.give_up(1000, now);
        }
        if self.link.ping_due.is_none() && now >= self.link.heard_at + self.link.heartbeat_ms {
            self.ping(now);
        }
        if self.link.renew_at.is_some_and(|at| now >= at) {
            self.link.renew_at = Some(now + RENEW_AGAIN_MS);
            self.link.renewing = true;
            self.outputs.push(Output::NeedToken { fresh: true });
        }
        if now >= since + STABLE_MS && !self.link.stable {
            self.succeeded();
        }
        self.ask_again(now);
        self.send_receipts(now);
        self.pump(now);
    }

    fn send_auth(&mut self, token: String) {
        let auth = Auth { token, protocol: Some(2), device: Some(self.options.device.clone()) };
        self.send(&level2::ClientMessage::Auth(auth));
    }

    /// Whether a socket is open.
    pub fn is_connected(&self) -> bool {
        matches!(self.state(), State::Connected | State::Authenticated)
    }
}
