//! The toolchain's components that tests need.

use std::path::Path;

use crate::talk::say;
use crate::{Outcome, process};

/// Component and the program that shows it is there.
const COMPONENTS: [(&str, &str); 2] = [("rustfmt", "cargo-fmt"), ("clippy", "cargo-clippy")];

/// Adds rustfmt and clippy to the toolchain in use.
pub(crate) fn add_missing_components() -> Outcome {
    for (component, program) in COMPONENTS {
        // rustup's stand-ins are always on the path; only running tells.
        if process::first_line(program, &["--version"]).is_some() {
            continue;
        }
        if process::find("rustup").is_none() {
            return Err(format!(
                "{component} is missing and there is no rustup to add it; \
                 install it beside your Rust toolchain"
            ));
        }
        say(&format!("Adding {component} to the Rust toolchain …"));
        let add = ["component", "add", component];
        process::run(&mut process::command("rustup", &add, Path::new(".")))?;
    }
    Ok(())
}
