//! The dependencies of a package, read line by line: our manifests are simple.

use super::files::Source;

/// A package's manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) path: String,
    pub(crate) name: String,
    /// Line and name of each dependency that ends up in the product.
    pub(crate) dependencies: Vec<(usize, String)>,
}

/// Reads `Cargo.toml` of the daemon or of a crate; `None` for other files.
pub(crate) fn read(source: &Source) -> Option<Manifest> {
    let is_crate = source.path.starts_with("crates/") && source.path.ends_with("/Cargo.toml");
    if source.path != "Cargo.toml" && !is_crate {
        return None;
    }
    let mut dependencies = Vec::new();
    let mut in_dependencies = false;
    for (number, line) in (1..).zip(source.text.lines()) {
        let line = line.split_once('#').map_or(line, |(code, _)| code).trim();
        if let Some(heading) = line.strip_prefix('[') {
            let heading = heading.trim_end_matches(']');
            in_dependencies = is_dependencies(heading);
            if let Some((table, name)) = heading.rsplit_once('.')
                && is_dependencies(table)
            {
                dependencies.push((number, name.to_owned()));
            }
            continue;
        }
        if !in_dependencies {
            continue;
        }
        if let Some((name, value)) = line.split_once('=') {
            let name = name.trim().trim_end_matches(".workspace").trim_matches('"');
            dependencies.push((number, name.to_owned()));
            if let Some(real) = package_of(value) {
                dependencies.push((number, real.to_owned()));
            }
        }
    }
    Some(Manifest { path: source.path.clone(), name: source.crate_name().to_owned(), dependencies })
}

/// `dependencies`, also of a target; neither those of tests nor the workspace's shared table.
fn is_dependencies(heading: &str) -> bool {
    matches!(heading, "dependencies" | "build-dependencies")
        || (heading.starts_with("target.") && heading.ends_with(".dependencies"))
}

/// The real name in `{ package = "hmac", version = "0.12" }`.
fn package_of(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("package")?;
    rest.trim_start().strip_prefix('=')?.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ends_up_in_the_product_counts() {
        let source = Source {
            path: "crates/call/Cargo.toml".to_owned(),
            text: "\
[package]
name = \"call\"
[dependencies]
model.workspace = true # words
# store.workspace = true
old = { package = \"hmac\", version = \"0.12\" }
[dependencies.wire]
workspace = true
[dev-dependencies]
sim.workspace = true
[target.'cfg(unix)'.dependencies]
nix = \"1\"
"
            .to_owned(),
        };
        let manifest = read(&source).unwrap();
        assert_eq!(manifest.name, "call");
        let names: Vec<&str> = manifest.dependencies.iter().map(|(_, name)| &**name).collect();
        assert_eq!(names, ["model", "old", "hmac", "wire", "nix"]);
        assert_eq!(manifest.dependencies[0].0, 4);
    }

    #[test]
    fn the_shared_table_of_the_workspace_is_not_the_daemons() {
        let source = Source {
            path: "Cargo.toml".to_owned(),
            text: "[workspace.dependencies]\nsqlx = \"1\"\n[dependencies]\nmodel = \"1\"\n"
                .to_owned(),
        };
        let manifest = read(&source).unwrap();
        assert_eq!(manifest.name, "ringdown");
        assert_eq!(manifest.dependencies, [(4, "model".to_owned())]);
    }
}
