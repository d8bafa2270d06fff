//! Where the engine finds its data, its server and its token. The environment is read here and nowhere else.

use std::path::PathBuf;

use url::Url;

use crate::network::{Network, Proxies};

/// The file in the data folder that may hold a token.
pub const TOKEN: &str = "token";

/// What an engine starts with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that holds the database; made when missing.
    pub data_dir: PathBuf,
    /// `STET_SERVER_URL`, or the build's default: debug builds `ws://localhost:3000`, release builds none.
    pub server_url: Option<String>,
    /// Where the token comes from.
    pub token: TokenSource,
    /// How the server may be reached: proxies, and whom to trust.
    pub network: Network,
    /// What people call this device.
    pub device_name: String,
    /// `linux`, `macos`, `windows`.
    pub platform: String,
    /// Version of the program.
    pub app_version: String,
}

/// Where the token for the server comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The file [`TOKEN`] of the data folder, if somebody put one there: read like the next.
    Kept(PathBuf),
    /// `STET_TOKEN`: this one, for as long as it lasts.
    Given(String),
    /// `STET_TOKEN_FILE`: read at every sign-in, and again when the token runs out.
    File(PathBuf),
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kept(path) => f.debug_tuple("Kept").field(path).finish(),
            Self::Given(_) => f.write_str("Given(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// A setting that can't be used; the message names it and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No folder was given and the system names none.
    #[error("No data folder is known: give one with --data DIR or STET_DATA_DIR.")]
    NoDataDir,
    /// The server's address can't be used.
    #[error("{url:?} can't be used as a server address: {reason}. Write it like wss://notes.example.org.")]
    ServerUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Config {
    /// Reads `STET_DATA_DIR`, `STET_SERVER_URL`, `STET_TOKEN`, `STET_TOKEN_FILE`, `STET_DEVICE_NAME`, `STET_CA_FILE`, and the
    /// proxies as [`Proxies`] names them.
    ///
    /// `data` is the `--data` option and wins; `fallback` is the system's data folder for the app.
    ///
    /// # Errors
    /// When no data folder is known or the server's address can't be used.
    pub fn from_environment(data: Option<PathBuf>, fallback: Option<PathBuf>) -> Result<Self, ConfigError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let data_dir =
            data.or_else(|| variable("STET_DATA_DIR").map(PathBuf::from)).or(fallback).ok_or(ConfigError::NoDataDir)?;
        let server_url = match variable("STET_SERVER_URL") {
            Some(url) => Some(socket_url(&url)?),
            None if cfg!(debug_assertions) => Some("ws://localhost:3000".to_owned()),
            None => None,
        };
        let token = match (variable("STET_TOKEN"), variable("STET_TOKEN_FILE")) {
            (Some(token), _) => TokenSource::Given(token),
            (None, Some(file)) => TokenSource::File(file.into()),
            (None, None) => TokenSource::Kept(data_dir.join(TOKEN)),
        };
        Ok(Self {
            data_dir,
            server_url,
            token,
            network: network(&variable),
            device_name: variable("STET_DEVICE_NAME").unwrap_or_else(host_name),
            platform: std::env::consts::OS.to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

fn network(variable: &impl Fn(&str) -> Option<String>) -> Network {
    // As curl has it: small letters win.
    let first = |names: &[&str]| names.iter().find_map(|name| variable(name)).unwrap_or_default();
    Network {
        proxies: Proxies {
            own: first(&["STET_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY"]),
            http: first(&["http_proxy"]),
            all: first(&["all_proxy", "ALL_PROXY"]),
            no: first(&["no_proxy", "NO_PROXY"]),
        },
        ca_file: variable("STET_CA_FILE").map(PathBuf::from),
    }
}

/// The WebSocket address for what a person wrote: `http` and `https` become `ws` and `wss`.
///
/// # Errors
/// When it isn't an address, or one of another kind.
pub fn socket_url(text: &str) -> Result<String, ConfigError> {
    let refused = |reason: &str| ConfigError::ServerUrl { url: text.to_owned(), reason: reason.to_owned() };
    let trimmed = text.trim();
    let parsed = Url::parse(trimmed).map_err(|error| refused(&error.to_string()))?;
    let scheme = match parsed.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err(refused("its scheme is none of ws, wss, http and https")),
    };
    if parsed.host_str().is_none_or(str::is_empty) {
        return Err(refused("it names no host"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(refused("it carries a user name or password"));
    }
    let rest = &trimmed[parsed.scheme().len()..];
    // A path keeps its slash: to many a proxy `/notes` and `/notes/` are two places.
    let rest = if parsed.path() == "/" { rest.trim_end_matches('/') } else { rest };
    Ok(format!("{scheme}{rest}"))
}

fn host_name() -> String {
    let from_file = std::fs::read_to_string("/etc/hostname").ok();
    let name = from_file.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| "This computer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{network, socket_url};
    use crate::network::Proxies;

    #[test]
    fn web_addresses_become_socket_addresses_and_keep_their_path() {
        assert_eq!(socket_url("https://notes.example.org/").as_deref(), Ok("wss://notes.example.org"));
        assert_eq!(socket_url("https://notes.example.org/stet/").as_deref(), Ok("wss://notes.example.org/stet/"));
        assert_eq!(socket_url("https://notes.example.org/stet").as_deref(), Ok("wss://notes.example.org/stet"));
        assert_eq!(socket_url(" http://[::1]:3000 ").as_deref(), Ok("ws://[::1]:3000"));
        assert_eq!(socket_url("ws://localhost:3000").as_deref(), Ok("ws://localhost:3000"));
    }

    #[test]
    fn proxies_are_read_as_curl_reads_them() {
        let set = [
            ("http_proxy", "one"),
            ("HTTP_PROXY", "a stranger's"),
            ("HTTPS_PROXY", "two"),
            ("all_proxy", "three"),
            ("ALL_PROXY", "four"),
            ("STET_CA_FILE", "/ca.pem"),
        ];
        let network =
            network(&|name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()));
        let Proxies { own, https, http, all, no } = network.proxies;
        assert_eq!([own, https, http, all, no], ["", "two", "one", "three", ""]);
        assert_eq!(network.ca_file, Some("/ca.pem".into()));
        let only_capitals = |name: &str| (name == "HTTP_PROXY").then(|| "a stranger's".to_owned());
        assert_eq!(super::network(&only_capitals).proxies, Proxies::default());
    }

    #[test]
    fn what_is_no_server_address_is_refused_with_what_was_given() {
        for text in ["", "localhost:3000", "ftp://example.org", "ws://", "wss://me:secret@example.org"] {
            let error = socket_url(text).map_err(|error| error.to_string());
            assert!(error.as_ref().is_err_and(|message| message.contains(text)), "{text:?} gave {error:?}");
        }
    }
}
