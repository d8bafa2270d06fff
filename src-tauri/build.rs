//! Prepares the build: a permission for every command, and a page in place of the interface while that isn't built.
//! Writes nothing outside the build folder.

#[path = "names.rs"]
mod names;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tauri_build::{AppManifest, Attributes};

fn main() -> Result<(), Box<dyn Error>> {
    // Asked for as it runs: a folder that was moved is found again without building this anew.
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for watched in ["Cargo.toml", "tauri.conf.json", "src-tauri", "icons", "ui/dist"] {
        println!("cargo:rerun-if-changed={}", root.join(watched).display());
    }
    println!("cargo:rerun-if-env-changed=TAURI_CONFIG");

    if !root.join("ui/dist/index.html").exists() {
        embed_stand_in(&root, &out)?;
    }
    // Tauri writes its schemas and permissions into the working folder and reads ./Cargo.toml: with a working folder
    // of our own the project's root stays clean.
    let scratch = out.join("tauri");
    fs::create_dir_all(&scratch)?;
    fs::copy(root.join("Cargo.toml"), scratch.join("Cargo.toml"))?;
    env::set_current_dir(&scratch)?;
    let capabilities = root.join("src-tauri/capabilities/*.json").display().to_string();
    let commands = [names::ENGINE, names::SHELL].concat();
    tauri_build::try_build(
        Attributes::new()
            .config_path(root.join("tauri.conf.json"))
            .capabilities_path_pattern(capabilities.leak())
            .app_manifest(AppManifest::new().commands(commands.leak())),
    )
    .map_err(|error| format!("{error:#}").into())
}

/// Puts a page that says how to build the interface in its place.
fn embed_stand_in(root: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let folder = out.join("stand-in");
    fs::create_dir_all(&folder)?;
    fs::copy(root.join("src-tauri/stand-in.html"), folder.join("index.html"))?;
    let given = env::var("TAURI_CONFIG").unwrap_or_else(|_| "{}".to_owned());
    let mut config: serde_json::Value = serde_json::from_str(&given)?;
    config["build"]["frontendDist"] = folder.display().to_string().into();
    println!("cargo:rustc-env=TAURI_CONFIG={config}");
    println!(
        "cargo:warning=ui/dist is missing: the app will only say how to build its interface (`cargo xtask run` builds all)"
    );
    Ok(())
}
