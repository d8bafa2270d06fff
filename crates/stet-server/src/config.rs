//! What the server is told: flags, environment variables and their defaults. Never reads anything else.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use stet_protocol::limits;
use stet_protocol::message::Limits;
use stet_sync::server::Settings;

/// The Stet sync server. Without any option it listens on loopback and keeps its data in the user's data folder.
#[derive(Debug, Parser)]
#[command(name = "stet-server", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "STET_LOG says what is logged: info (unless said otherwise), debug, sync=trace, …")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or Ctrl-C.
    Serve(Config),
    /// Print a token for a user, and make the account if there is none. Works while the server runs.
    Token(TokenConfig),
    /// Copy the database into a file, and read the copy back. Works while the server runs.
    Backup(BackupConfig),
    /// Put a backup in the place of the database, which is kept under another name. Works while the server doesn't run.
    Restore(RestoreConfig),
}

/// Options of `serve`.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one, which the first line of output names.
    #[arg(long, env = "STET_SERVER_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Folder of the database and the key; default: the user's data folder.
    #[arg(long, env = "STET_SERVER_DATA")]
    pub data: Option<PathBuf>,
    /// Web pages that may connect, e.g. https://notes.example.org; default: pages of this machine.
    #[arg(long = "allow-origin", env = "STET_SERVER_ALLOW_ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<String>,
    /// Sockets of all users together.
    #[arg(long, env = "STET_SERVER_MAX_CONNECTIONS", default_value_t = 10_000)]
    pub max_connections: usize,
    /// What each connection may do.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// What a connection may do.
#[derive(Clone, Debug, Args)]
pub struct LimitConfig {
    /// Sockets of one user.
    #[arg(long, env = "STET_SERVER_SOCKETS_PER_USER", default_value_t = limits::SOCKETS_PER_USER)]
    pub sockets_per_user: u64,
    /// Seconds to authenticate.
    #[arg(long, env = "STET_SERVER_AUTH_TIMEOUT", default_value_t = limits::AUTH_TIMEOUT_MS / 1000)]
    pub auth_timeout: u64,
    /// Seconds of silence after which the server pings.
    #[arg(long, env = "STET_SERVER_HEARTBEAT", default_value_t = limits::HEARTBEAT_MS / 1000)]
    pub heartbeat: u64,
    /// Hours a level-1 socket lives on one token.
    #[arg(long, env = "STET_SERVER_LEVEL1_SESSION", default_value_t = limits::LEVEL1_SESSION_MS / 3_600_000)]
    pub level1_session: u64,
    /// Bytes of one level-1 message.
    #[arg(long, env = "STET_SERVER_LEVEL1_MESSAGE_BYTES", default_value_t = limits::LEVEL1_MESSAGE_BYTES)]
    pub level1_message_bytes: u64,
    /// Level-1 messages a minute.
    #[arg(long, env = "STET_SERVER_LEVEL1_MESSAGES", default_value_t = limits::LEVEL1_MESSAGES_PER_MINUTE)]
    pub level1_messages: u64,
    /// Bytes of one level-2 message.
    #[arg(long, env = "STET_SERVER_MESSAGE_BYTES", default_value_t = limits::MESSAGE_BYTES)]
    pub message_bytes: u64,
    /// Bytes of level-2 updates a minute.
    #[arg(long, env = "STET_SERVER_UPDATE_BYTES", default_value_t = limits::UPDATE_BYTES_PER_MINUTE)]
    pub update_bytes: u64,
    /// Other level-2 messages a minute.
    #[arg(long, env = "STET_SERVER_MESSAGES", default_value_t = limits::MESSAGES_PER_MINUTE)]
    pub messages: u64,
    /// Bytes of title and text of one note.
    #[arg(long, env = "STET_SERVER_NOTE_BYTES", default_value_t = limits::NOTE_BYTES)]
    pub note_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            data: None,
            allow_origin: Vec::new(),
            max_connections: 10_000,
            limits: LimitConfig::default(),
        }
    }
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            sockets_per_user: limits::SOCKETS_PER_USER,
            auth_timeout: limits::AUTH_TIMEOUT_MS / 1000,
            heartbeat: limits::HEARTBEAT_MS / 1000,
            level1_session: limits::LEVEL1_SESSION_MS / 3_600_000,
            level1_message_bytes: limits::LEVEL1_MESSAGE_BYTES,
            level1_messages: limits::LEVEL1_MESSAGES_PER_MINUTE,
            message_bytes: limits::MESSAGE_BYTES,
            update_bytes: limits::UPDATE_BYTES_PER_MINUTE,
            messages: limits::MESSAGES_PER_MINUTE,
            note_bytes: limits::NOTE_BYTES,
        }
    }
}

impl LimitConfig {
    /// The same for a connection.
    pub fn settings(&self) -> Settings {
        let ms = |seconds: u64| i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX / 4);
        let limits = Limits {
            message_bytes: self.message_bytes,
            update_bytes_per_minute: self.update_bytes,
            messages_per_minute: self.messages,
            note_bytes: self.note_bytes,
            ..Limits::default()
        };
        Settings {
            limits,
            level1_message_bytes: self.level1_message_bytes,
            level1_messages_per_minute: self.level1_messages,
            auth_timeout_ms: ms(self.auth_timeout),
            heartbeat_ms: ms(self.heartbeat),
            level1_session_ms: ms(self.level1_session.saturating_mul(3600)),
            sockets_per_user: usize::try_from(self.sockets_per_user.max(1)).unwrap_or(usize::MAX),
            ..Settings::default()
        }
    }
}

/// Options of `token`.
#[derive(Clone, Debug, Args)]
pub struct TokenConfig {
    /// Name of the user.
    #[arg(long)]
    pub user: String,
    /// How long the token is good: a number with s, m, h or d.
    #[arg(long, env = "STET_SERVER_TOKEN_TTL", default_value = "30d", value_parser = duration_ms)]
    pub ttl: i64,
    /// Folder of the database and the key; default: the user's data folder.
    #[arg(long, env = "STET_SERVER_DATA")]
    pub data: Option<PathBuf>,
}

/// Options of `backup`.
#[derive(Clone, Debug, Args)]
pub struct BackupConfig {
    /// Where the copy is to be. It appears only when it is whole.
    pub file: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    pub overwrite: bool,
    /// Folder of the database; default: the user's data folder.
    #[arg(long, env = "STET_SERVER_DATA")]
    pub data: Option<PathBuf>,
}

/// Options of `restore`.
#[derive(Clone, Debug, Args)]
pub struct RestoreConfig {
    /// A file that `backup` made.
    pub file: PathBuf,
    /// Folder of the database, made if it isn't there; default: the user's data folder.
    #[arg(long, env = "STET_SERVER_DATA")]
    pub data: Option<PathBuf>,
}

/// Milliseconds from a text like `30d`.
fn duration_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a duration: write a number with s, m, h or d, e.g. 30d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let scale = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    // Ten years: longer is a mistake in the unit.
    Some(number)
        .filter(|number| (1..=315_360_000_000 / scale).contains(number))
        .map(|number| number * scale)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_option_of_serve_names_its_variable() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        let serve = command.find_subcommand("serve").cloned().unwrap_or_default();
        let nameless: Vec<_> = serve
            .get_arguments()
            .filter(|option| option.get_env().is_none() && option.get_id() != "help")
            .map(|option| option.get_id().to_string())
            .collect();
        assert_eq!(nameless, Vec::<String>::new());
    }

    #[test]
    fn durations_are_read_with_their_unit() {
        assert_eq!(duration_ms("30d"), Ok(30 * 86_400_000));
        assert_eq!(duration_ms("90s"), Ok(90_000));
        assert!(["", "d", "30", "-1d", "99999d", "1é"].iter().all(|text| duration_ms(text).is_err()));
    }
}
