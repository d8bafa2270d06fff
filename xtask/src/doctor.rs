//! `cargo xtask doctor`: says what is missing and how to get it. Changes nothing.

use crate::failure::Failure;
use crate::process;
use crate::system::{self, NEEDS, Need, Purpose};

/// Looks at everything, says all of it, and fails when building would not work.
pub fn doctor() -> Result<(), Failure> {
    for (purpose, title) in [
        (Purpose::Build, "To build"),
        (Purpose::SideBySide, "To put windows side by side"),
        (Purpose::Headless, "To run without a display"),
        (Purpose::EndToEnd, "For the tests with windows and pages"),
        (Purpose::Fuzzing, "To fuzz"),
        (Purpose::Bundle, "To make packages"),
    ] {
        println!("{title}");
        for need in NEEDS.iter().filter(|need| need.purpose == purpose) {
            say(need.is_there(), need.name());
        }
        if purpose == Purpose::Build {
            let problem = system::node_problem();
            say(problem.is_none(), problem.as_deref().unwrap_or("Node.js and npm"));
        }
    }
    println!("Optional");
    for (program, use_of) in [
        ("cargo-nextest", "runs the tests faster; without it `cargo test` does"),
        ("cargo-deny", "checks licences; `cargo xtask test` builds it once when it is missing"),
        ("cargo-fuzz", "fuzzes; `cargo xtask test` builds it once when it is missing"),
    ] {
        say(process::find(program).is_some(), &format!("{program} ({use_of})"));
    }
    report()
}

fn report() -> Result<(), Failure> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !need.is_there()).collect();
    let node = system::node_problem();
    if missing.is_empty() && node.is_none() {
        println!("\nNothing is missing.");
        return Ok(());
    }
    if !missing.is_empty() {
        println!("\n{}", system::how_to_get(&missing));
    }
    let needed: Vec<&Need> = missing.into_iter().filter(|need| need.purpose == Purpose::Build).collect();
    if needed.is_empty() && node.is_none() {
        return Ok(());
    }
    let mut names: Vec<&str> = needed.iter().map(|need| need.name()).collect();
    names.extend(node.iter().map(|_| "Node.js"));
    Err(Failure::said(format!("Stet can't be built here yet: {} missing.", names.join(", "))))
}

fn say(there: bool, what: &str) {
    println!("  {} {what}", if there { "ok     " } else { "MISSING" });
}
