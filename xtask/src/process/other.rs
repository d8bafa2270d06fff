//! Where there are no process groups: only the started process itself is ended, and Ctrl-C ends us at once. Not run by
//! the project's own checks.

use std::process::{Child, Command};

/// Nothing to prepare.
pub fn hear_interrupts() {}

/// Never: Ctrl-C has ended us.
pub fn interrupted() -> bool {
    false
}

/// Packages aren't installed here.
pub fn is_root() -> bool {
    false
}

/// There is no such thing here.
pub fn own_group(command: &mut Command) -> &mut Command {
    command
}

/// There is no polite way.
pub fn ask_to_end(child: &mut Child) {
    end(child);
}

/// Ends the process.
pub fn end(child: &mut Child) {
    // One that has ended is what we want.
    let _ = child.kill();
}

/// Nothing is known beyond the process itself.
pub fn runs(_child: &Child) -> bool {
    false
}
