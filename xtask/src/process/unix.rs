//! Process groups and signals on Unix.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::process::{Pid, Signal, geteuid, kill_process_group, test_kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on Ctrl-C, a hang-up or a polite kill is remembered instead of ending us, so that what we started ends too.
pub fn hear_interrupts() {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // It fails only for signals nobody may handle; none of these is one.
        let _ = signal_hook::flag::register(signal, Arc::clone(flag));
    }
}

/// Whether one of them came.
pub fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::SeqCst))
}

/// Whether we may install packages without asking for more rights.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// Makes the command's process the leader of a group of its own.
pub fn own_group(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// Asks the whole group to end.
pub fn ask_to_end(child: &mut Child) {
    signal(child, Signal::TERM);
}

/// Ends what is left of the group.
pub fn end(child: &mut Child) {
    signal(child, Signal::KILL);
}

/// Whether any process of the group is left.
pub fn runs(child: &Child) -> bool {
    group(child).is_some_and(|group| test_kill_process_group(group).is_ok())
}

fn signal(child: &Child, signal: Signal) {
    if let Some(group) = group(child) {
        // A group that is gone already is what we want.
        let _ = kill_process_group(group, signal);
    }
}

fn group(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}
