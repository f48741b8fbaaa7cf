//! Puts the built web files, or a page that says how to build them, where `rust-embed` finds them.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    let crate_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let built = crate_dir.join("web/dist");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("desk");

    // Cargo re-runs a script on every build while a watched path is missing; an empty directory
    // is watched quietly. A read-only source tree merely keeps re-running.
    drop(fs::create_dir_all(&built));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=placeholder.html");
    println!("cargo::rerun-if-changed=web/dist");

    if target.exists() {
        fs::remove_dir_all(&target).expect("OUT_DIR is ours to clear");
    }
    fs::create_dir_all(&target).expect("OUT_DIR is writable");
    if built.join("index.html").is_file() {
        copy_tree(&built, &target).expect("the built desk under web/dist is readable");
    } else {
        fs::copy(crate_dir.join("placeholder.html"), target.join("index.html"))
            .expect("placeholder.html stands beside build.rs");
    }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
