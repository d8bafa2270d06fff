//! How large what people download is.

use std::path::Path;

use stet_tests::stage::program;

use crate::say;

pub fn report() {
    say("\nsizes");
    for name in ["stet", "stet-server"] {
        say(&format!("  {name:<12} {:>8.2} MB", megabytes(&program(name))));
    }
    let bundles = program("stet").parent().map(|folder| folder.join("bundle"));
    let packages = ["deb", "rpm"].iter().flat_map(|kind| {
        let folder = bundles.as_ref().map(|bundles| bundles.join(kind));
        folder.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten()
    });
    let mut any = false;
    for package in packages.map(|entry| entry.path()).filter(|path| path.is_file()) {
        any = true;
        let name = package.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        say(&format!("  {name:<28} {:>8.2} MB  (goal for the .deb ≤ 10 MB)", megabytes(&package)));
    }
    if !any {
        say("  no packages: `cargo xtask bundle` makes them");
    }
}

fn megabytes(path: &Path) -> f64 {
    std::fs::metadata(path).map_or(f64::NAN, |metadata| metadata.len() as f64 / 1e6)
}
