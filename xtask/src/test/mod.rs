//! `cargo xtask test`: every check in order, the quick and telling ones first, stopping at the first that fails, with a
//! table of what ran and how long it took.

mod deny;
mod generated;
mod rust;

use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process;
use crate::project::{Profile, Project};
use crate::system::{self, Purpose};
use crate::trial::fuzz;
use crate::ui;

/// Options of `test`.
#[derive(clap::Args)]
pub struct Args {
    /// Install what is missing without asking
    #[arg(long, short)]
    yes: bool,
    /// Leave out what needs the network or minutes: licences, fuzzing and the end-to-end tests
    #[arg(long)]
    quick: bool,
}

/// What a check found, when it didn't fail.
enum Found {
    /// All is well.
    Fine,
    /// Part of it couldn't be looked at; the text says what and why.
    Partly(String),
}

struct Check {
    name: &'static str,
    quick: bool,
    run: fn(&Project) -> Result<Found, Failure>,
}

const CHECKS: &[Check] = &[
    quick("format", |project| fine(process::run(&mut project.cargo(&["fmt", "--all", "--check"])))),
    quick("interface: packages", |project| fine(ui::install(project))),
    quick("interface: types", |project| fine(ui::script(project, "check"))),
    quick("interface: lints", |project| fine(ui::script(project, "lint"))),
    quick("interface: unused code", |project| fine(ui::script(project, "unused"))),
    quick("interface: tests", |project| fine(ui::script(project, "test"))),
    // Before anything compiles the desktop package, which embeds it.
    quick("interface: build", |project| fine(ui::script(project, "build"))),
    quick("clippy", rust::clippy),
    quick("programs", |project| fine(project.build(Profile::Debug))),
    quick("tests, and generated types are fresh", generated::fresh_after_tests),
    quick("doc tests", rust::doc_tests),
    slow("licences, bans and sources", deny::deny),
    slow("fuzzing", |project| fine(fuzz::fuzz_for_a_moment(project))),
    slow("end to end", rust::end_to_end),
];

const fn quick(name: &'static str, run: fn(&Project) -> Result<Found, Failure>) -> Check {
    Check { name, quick: true, run }
}

const fn slow(name: &'static str, run: fn(&Project) -> Result<Found, Failure>) -> Check {
    Check { name, quick: false, run }
}

fn fine(done: Result<(), Failure>) -> Result<Found, Failure> {
    done.map(|()| Found::Fine)
}

/// Runs the checks.
pub fn test(project: &Project, args: &Args) -> Result<(), Failure> {
    let purposes = [Purpose::Build, Purpose::SideBySide, Purpose::Headless, Purpose::EndToEnd, Purpose::Fuzzing];
    system::ensure(&purposes, args.yes)?;
    let checks: Vec<&Check> = CHECKS.iter().filter(|check| check.quick || !args.quick).collect();
    let mut table = Table::default();
    for (index, check) in checks.iter().enumerate() {
        println!("\n── {} of {}: {}", index + 1, checks.len(), check.name);
        let begun = Instant::now();
        let found = (check.run)(project);
        let took = begun.elapsed();
        match found {
            Ok(Found::Fine) => table.add(check.name, "ok", took),
            Ok(Found::Partly(what)) => {
                println!("Not looked at: {what}");
                table.add(check.name, &format!("ok, but: {what}"), took);
            }
            Err(failure) => {
                table.add(check.name, "FAILED", took);
                for left in &checks[index + 1..] {
                    table.add(left.name, "not run", Duration::ZERO);
                }
                table.print();
                return Err(match failure {
                    Failure::Interrupted => failure,
                    failure => Failure::said(format!("The check \"{}\" failed: {failure}", check.name)),
                });
            }
        }
    }
    table.print();
    println!("\nEvery check passed.");
    Ok(())
}

/// What ran, what came of it, and how long it took.
#[derive(Default)]
struct Table(Vec<(String, String, Duration)>);

impl Table {
    fn add(&mut self, name: &str, what: &str, took: Duration) {
        self.0.push((name.to_owned(), what.to_owned(), took));
    }

    fn print(&self) {
        let width = self.0.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
        let total: Duration = self.0.iter().map(|(.., took)| *took).sum();
        println!("\n{:width$}  {:>8}  result", "check", "seconds");
        for (name, what, took) in &self.0 {
            println!("{name:width$}  {:>8.1}  {what}", took.as_secs_f64());
        }
        println!("{:width$}  {:>8.1}", "together", total.as_secs_f64());
    }
}
