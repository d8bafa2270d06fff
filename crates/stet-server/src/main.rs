//! Starts the sync server. Only reads the command line and writes what it was asked for.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use stet_server::config::{Cli, Command, Config};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("STET_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // The document library names operations in its logs, and with them what people write: it is never listened to.
    let never = ["loro=off", "loro_internal=off", "loro_kv_store=off", "loro_common=off"];
    let filter = never.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match cli.command {
        Command::Serve(config) => serve(config),
        Command::Token(config) => stet_server::token(&config).map_err(Into::into).and_then(|token| say(&token)),
        Command::Backup(config) => stet_server::backup(&config).map_err(Into::into).and_then(|done| say(&done)),
        Command::Restore(config) => stet_server::restore(&config).map_err(Into::into).and_then(|done| say(&done)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(target: "server", "{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    // The disk may hold one of them up.
    let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    runtime.block_on(listen(config))
}

async fn listen(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind(config.listen)
        .await
        .map_err(|error| format!("can't listen on {}: {error}; name another address with --listen", config.listen))?;
    let address = listener.local_addr()?;
    // Scripts wait for this line: connections are queued from here on.
    say(&format!("listening on ws://{address}"))?;
    stet_server::run(config, listener, shutdown()).await?;
    Ok(())
}

fn say(line: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Ends with Ctrl-C or, where there is one, SIGTERM.
async fn shutdown() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => signal.recv().await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            result = interrupted => if result.is_err() { std::future::pending::<()>().await },
            _ = terminated => {}
        }
    }
    #[cfg(not(unix))]
    if interrupted.await.is_err() {
        std::future::pending::<()>().await;
    }
}
