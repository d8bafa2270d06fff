//! Whether what was started ends, with all it started.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{Group, find, succeeds, wait_for};

const LIMIT: Duration = Duration::from_secs(10);

fn log(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("stet-xtask-{}-{name}.log", std::process::id()))
}

#[test]
fn a_group_ends_with_everything_it_started() {
    let log = log("group");
    // The program itself ends at once and leaves a child behind, as a web view's helpers do after a crash.
    let mut leave = Command::new("sh");
    leave.args(["-c", "sleep 1000 & echo $!"]);
    let mut group = Group::start("left", &mut leave, &log).unwrap();
    wait_for(LIMIT, || Ok(group.ended())).unwrap().unwrap();
    let child = group.printed().trim().to_owned();
    let lives = || succeeds(Command::new("kill").args(["-0", &child]));
    assert!(lives());
    drop(group);
    wait_for(LIMIT, || Ok((!lives()).then_some(()))).unwrap().unwrap();
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_program_that_ends_early_is_told_with_the_end_of_its_log() {
    let log = log("early");
    let mut fail = Command::new("sh");
    fail.args(["-c", "echo the disk is full >&2; exit 3"]);
    let mut group = Group::start("a program", &mut fail, &log).unwrap();
    let failure = wait_for(LIMIT, || Ok(group.must_run().err())).unwrap().unwrap().to_string();
    assert!(failure.contains("a program ended early") && failure.contains("the disk is full"), "{failure}");
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_program_that_says_when_it_is_ready_is_heard() {
    let mut speak = Command::new("sh");
    speak.args(["-c", "echo 42; sleep 1000"]);
    let (_group, line) = Group::start_and_hear("a program", &mut speak).unwrap();
    assert_eq!(line, "42");
    let mut silent = Command::new("true");
    let failure = Group::start_and_hear("another", &mut silent).map(|_| ()).unwrap_err().to_string();
    assert!(failure.contains("another ended without saying that it is ready"), "{failure}");
}

#[test]
fn programs_are_found_by_the_search_path_only() {
    assert!(find("sh").is_some());
    assert!(find("no-such-program-of-stet").is_none());
}
