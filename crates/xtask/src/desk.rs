//! Builds the desk's web files, only when their sources changed.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::Outcome;
use crate::place::Place;
use crate::process;
use crate::talk::say;

/// Written after a whole successful build. In `node_modules`, because a fresh `npm ci` clears
/// it away, and new tools ask for a new build.
const STAMP: &str = "node_modules/.ringdown-desk-built";

/// Folders that are made, not written.
const MADE: [&str; 3] = ["node_modules", "dist", "test-results"];

/// Installs the packages and builds, as far as needed.
pub(crate) fn build(place: &Place) -> Outcome {
    let web = place.desk();
    if !web.join("package.json").is_file() {
        return Err(format!("{} has no package.json", web.display()));
    }
    install_packages(&web)?;
    let stamp = web.join(STAMP);
    let is_there = web.join("dist/index.html").is_file();
    if is_there && modified(&stamp).is_some_and(|built| newest(&web) <= Some(built)) {
        return Ok(());
    }
    say("Building the desk …");
    // Taken before the build: a source saved meanwhile is newer and builds again.
    let begun = SystemTime::now();
    process::run(&mut process::command("npm", &["run", "build"], &web))?;
    fs::File::create(&stamp)
        .and_then(|file| file.set_modified(begun))
        .map_err(|error| format!("{} cannot be written: {error}", stamp.display()))
}

/// `npm ci`, unless what is installed is as new as the lock file.
pub(crate) fn install_packages(folder: &Path) -> Outcome {
    // npm writes this file at the end of a successful installation.
    let installed = modified(&folder.join("node_modules/.package-lock.json"));
    let locked = modified(&folder.join("package-lock.json"));
    if installed.is_some() && installed >= locked {
        return Ok(());
    }
    say(&format!("Installing packages in {} …", folder.display()));
    let quiet = ["ci", "--no-audit", "--no-fund"];
    // The browser comes from the system; Playwright's own download would be a second one.
    process::run(
        process::command("npm", &quiet, folder).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|facts| facts.modified()).ok()
}

/// When the newest source below a folder was written.
fn newest(folder: &Path) -> Option<SystemTime> {
    fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|entry| !MADE.iter().any(|made| entry.file_name() == *made))
        .filter_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => newest(&entry.path()),
            Ok(_) | Err(_) => modified(&entry.path()),
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_folders_do_not_count_as_sources() {
        let folder = std::env::temp_dir().join(format!("xtask-desk-{}", std::process::id()));
        let write = |name: &str, seconds: u64| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let moment = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            fs::File::create(path).unwrap().set_modified(moment).unwrap();
            moment
        };
        write("package.json", 1_000);
        let source = write("src/deep/main.ts", 2_000);
        write("dist/index.html", 3_000);
        write("node_modules/lit/index.js", 3_000);
        assert_eq!(newest(&folder), Some(source));
        fs::remove_dir_all(&folder).unwrap();
    }
}
