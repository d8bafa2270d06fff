//! The folder of a stage, the mark its processes carry and the turn it waits for. Starts nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

use super::processes::{end_marked, marks};

/// The environment variable every process of a stage inherits, whoever started it: by it all are found again.
pub(super) const MARK: &str = "STET_TEST_STAGE";

/// The lock that lets one stage at a time use the machine, across all test processes of a target folder.
const TURN: &str = "stet-stage.lock";

/// A folder of its own for real programs. On drop every process that carries its mark is killed, then the folder goes;
/// after a panic the folder stays and its path is said.
pub struct Ground {
    folder: Option<TempDir>,
    mark: String,
    name: String,
    _turn: Option<File>,
}

impl Ground {
    /// A ground that shares the machine with others.
    pub fn shared(name: &str) -> Self {
        Self::new(name, None)
    }

    /// A ground that waits until it is the only one of its kind, and sweeps up what killed test runs left behind.
    pub fn alone(name: &str) -> Self {
        let turn = File::create(super::processes::target_folder().join(TURN)).expect("make the stage's lock file");
        turn.lock().expect("wait for the stage");
        sweep_abandoned();
        Self::new(name, Some(turn))
    }

    fn new(name: &str, turn: Option<File>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Short: socket paths below it may have 107 bytes in all.
        let folder = tempfile::Builder::new().prefix("stet-").tempdir().expect("make the stage's folder");
        Self {
            folder: Some(folder),
            mark: format!("{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)),
            name: name.to_owned(),
            _turn: turn,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.as_ref().expect("the folder lives as long as the stage").path()
    }

    /// What the test is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A folder below it, made if it isn't there, readable by this user only.
    pub fn folder(&self, name: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join(name);
        fs::create_dir_all(&path).expect("make a folder on the stage");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("protect a folder on the stage");
        path
    }

    /// A log file for a program.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder("logs").join(name)
    }

    /// The variables every program on it gets.
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
        [(MARK, self.mark.clone()), ("PATH", path), ("LANG", "C.UTF-8".to_owned()), ("RUST_BACKTRACE", "1".to_owned())]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        end_marked(MARK, &self.mark);
        let Some(folder) = self.folder.take() else { return };
        if std::thread::panicking() {
            let kept = folder.keep();
            tell(&format!("stage of {:?} kept for a look: {}", self.name, kept.display()));
        }
    }
}

/// Says something on the error stream, where test runners show it.
fn tell(text: &str) {
    use std::io::Write as _;
    // Nobody listening is no reason to panic in a drop.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Ends what test processes left behind that were killed before they could clean up.
fn sweep_abandoned() {
    for mark in marks(MARK) {
        let owner = mark.split('-').next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        if owner.is_some_and(|owner| test_kill_process(owner).is_err()) {
            end_marked(MARK, &mark);
        }
    }
}
