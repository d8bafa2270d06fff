//! `cargo xtask run`: from a fresh checkout to the app, open, signed in and synced. Ends everything it started, by Ctrl-C
//! or when the last app has ended.

mod apps;
mod display;
mod server;
mod windows;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;
use crate::process::{self, Group};
use crate::project::{self, Profile, Project};
use crate::system::{self, Purpose};
use crate::ui;

use apps::{Account, App, Apps};
use display::Display;

/// More windows than this don't fit side by side on any screen.
const MAX_DEVICES: i64 = 4;
/// A debug build under load takes a few seconds to paint and to sync; a minute means that it never will.
const UP_AND_SYNCED: Duration = Duration::from_secs(60);

/// Options of `run`.
#[derive(clap::Args)]
pub struct Args {
    /// Install what is missing without asking
    #[arg(long, short)]
    yes: bool,
    /// How many devices: each is a window with a data folder of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=MAX_DEVICES))]
    devices: u32,
    /// Use this server instead of starting one; STET_TOKEN or STET_TOKEN_FILE signs in there
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Without a display: run under a virtual one, take a picture once everything is up and synced, and end
    #[arg(long)]
    headless: bool,
    /// Port of the server on this machine
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Where server and devices keep their data [default: stet/run in the user's data folder, and with --server a folder
    /// in it for that server: notes belong to the server they were synced with]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Build and run as shipped
    #[arg(long)]
    release: bool,
}

/// Builds, starts and watches everything.
pub fn run(project: &Project, args: &Args) -> Result<(), Failure> {
    let signs_in = env::var_os("STET_TOKEN").is_some() || env::var_os("STET_TOKEN_FILE").is_some();
    require_display(args, signs_in)?;
    let profile = if args.release { Profile::Release } else { Profile::Debug };
    let purposes: &[Purpose] = match args.headless {
        true => &[Purpose::Build, Purpose::SideBySide, Purpose::Headless],
        false => &[Purpose::Build],
    };
    system::ensure(purposes, args.yes)?;
    let side_by_side = !args.headless && args.devices > 1 && windows::may_be_placed();
    if side_by_side && system::ensure(&[Purpose::SideBySide], args.yes).is_err() {
        println!("Going on without: the windows will not be side by side.");
    }
    ui::build(project)?;
    project.build(profile)?;

    let folder = data_folder(args)?;
    let display = if args.headless { Some(Display::start(args.devices)?) } else { None };
    // Ended in reverse: apps first, so that they can still send, then the server, then the display.
    let (mut server, account) = match &args.server {
        Some(url) => (None, Account::given(url)),
        None => {
            let (server, account) = server::start(&project.program("stet-server", profile), &folder, args.port)?;
            (Some(server), account)
        }
    };
    let apps = Apps {
        program: project.program("stet", profile),
        folder: &folder,
        count: args.devices,
        account,
        display: display.as_ref(),
    };
    let mut open = apps.open()?;
    match &display {
        Some(display) => picture(project, display, &mut open, server.as_mut()),
        None => watch(open, server.as_mut(), signs_in || args.server.is_none()),
    }
}

fn require_display(args: &Args, signs_in: bool) -> Result<(), Failure> {
    let linux = env::consts::OS == "linux";
    if args.headless && !linux {
        return Err(Failure::said("--headless needs Xvfb, which exists on Linux only."));
    }
    if args.headless && args.server.is_some() && !signs_in {
        return Err(Failure::said(
            "--headless waits until the app is synced, and nothing would sign it in at that server: set STET_TOKEN or \
             STET_TOKEN_FILE.",
        ));
    }
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if args.headless || !linux || set("DISPLAY") || set("WAYLAND_DISPLAY") {
        return Ok(());
    }
    Err(Failure::said(
        "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.\n\
         `cargo xtask run --headless` runs the same under a virtual display and shows it as a picture.",
    ))
}

fn data_folder(args: &Args) -> Result<PathBuf, Failure> {
    let folder = match &args.data {
        Some(folder) => std::path::absolute(folder).map_err(Failure::file(folder))?,
        None => {
            let own = project::user_data()?.join("stet/run");
            args.server.as_deref().map_or_else(|| own.clone(), |url| own.join("at").join(folder_name(url)))
        }
    };
    let logs = folder.join("log");
    fs::create_dir_all(&logs).map_err(Failure::file(&logs))?;
    println!("Data and logs: {}", folder.display());
    Ok(folder)
}

/// A server's address as the name of a folder.
fn folder_name(url: &str) -> String {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    address.trim_end_matches('/').chars().map(|letter| if fits(letter) { letter } else { '_' }).collect()
}

/// Waits for every window to be painted and synced, and takes a picture of them.
fn picture(
    project: &Project,
    display: &Display,
    open: &mut [App],
    mut server: Option<&mut Group>,
) -> Result<(), Failure> {
    for app in open.iter_mut() {
        let up = process::wait_for(UP_AND_SYNCED, || {
            server.as_deref_mut().map_or(Ok(()), Group::must_run)?;
            app.group.must_run()?;
            Ok(app.is_up_and_synced().then_some(()))
        })?;
        if up.is_none() {
            return Err(app.group.failure(&format!("was not up and synced after {} s", UP_AND_SYNCED.as_secs())));
        }
        println!("{}: window painted, synced.", app.group.name());
    }
    if !windows::place(open, Some(display.name()))? {
        return Err(Failure::said("An app says that its window is painted, but there is no such window."));
    }
    let path = display.picture(&project.target.join("run/headless.png"))?;
    println!("Picture: {}", path.display());
    Ok(())
}

/// Watches until the last app has ended.
fn watch(mut open: Vec<App>, mut server: Option<&mut Group>, signs_in: bool) -> Result<(), Failure> {
    println!("Stet is open. Ctrl-C ends it, and so does Quit in the tray's menu.");
    if open.len() > 1 && !(windows::can_be_placed() && windows::place(&mut open, None)?) {
        println!("This desktop lets nobody place windows (or xdotool is missing): put them side by side yourself.");
    }
    if !signs_in {
        println!("Neither STET_TOKEN nor STET_TOKEN_FILE is set: the app isn't signed in at that server.");
    }
    while !open.is_empty() {
        let ended = process::wait_for(Duration::MAX, || {
            server.as_deref_mut().map_or(Ok(()), Group::must_run)?;
            let ended = open.iter_mut().enumerate().find_map(|(index, app)| Some((index, app.group.ended()?)));
            Ok(ended)
        })?;
        let Some((index, status)) = ended else { break };
        let app = open.remove(index);
        if !status.success() {
            return Err(app.group.failure(&format!("ended with an error ({status})")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::folder_name;

    #[test]
    fn every_server_has_a_folder_of_its_own_whose_name_is_one() {
        assert_eq!(folder_name("wss://notes.example/sync/"), "notes.example_sync");
        assert_eq!(folder_name("127.0.0.1:3000"), "127.0.0.1_3000");
        assert!(!folder_name("ws://../../etc").contains('/'));
    }
}
