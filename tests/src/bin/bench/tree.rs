//! What a process and everything it started take of the machine, as Linux tells it.

use std::time::Duration;

/// Ticks of a second in `/proc/*/stat`; Linux shows this many to programs whatever the kernel's own clock does.
const TICKS: u64 = 100;

/// A process and everything it started.
pub fn processes(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .expect("Linux")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process: u32| Some((process, parent(process)?)))
        .collect();
    let mut next = 0;
    while let Some(process) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, parent)| *parent == process).map(|(child, _)| *child));
        next += 1;
    }
    found
}

fn parent(process: u32) -> Option<u32> {
    fields(process)?.get(1)?.parse().ok()
}

pub fn name(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default()
}

/// Memory of a process tree, shared pages counted once, megabytes.
pub fn memory(root: u32) -> f64 {
    let kilobytes = |process: &u32| -> Option<f64> {
        let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
    };
    processes(root).iter().filter_map(kilobytes).sum::<f64>() / 1024.0
}

/// Memory of one process that is in the machine's, megabytes: its resident set.
pub fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    kilobytes.map_or(f64::NAN, |kilobytes: f64| kilobytes / 1024.0)
}

/// Processor time of a process tree so far. A child that has ended and was waited for counts with its parent.
pub fn processor_time(root: u32) -> Duration {
    let ticks = |process: &u32| -> Option<u64> {
        let fields = fields(*process)?;
        // User and system time, then the same of children that were waited for.
        Some((11..=14).filter_map(|field| fields.get(field)?.parse::<u64>().ok()).sum())
    };
    let ticks: u64 = processes(root).iter().filter_map(ticks).sum();
    Duration::from_millis(ticks * 1_000 / TICKS)
}

/// What `/proc/*/stat` says after the program's name, which may hold spaces: the state first.
fn fields(process: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(stat.rsplit(')').next()?.split_whitespace().map(ToOwned::to_owned).collect())
}
