//! The folder list is the pipeline: a module imports only what stands before it in `src/lib.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules in the order of `src/lib.rs`.
fn order() -> Vec<String> {
    let lib = fs::read_to_string(root().join("lib.rs")).unwrap();
    lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file with the module it belongs to.
fn files(folder: &Path, module: Option<&str>, found: &mut Vec<(String, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files(&path, Some(module.unwrap_or(&name)), found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((module.unwrap_or(&name).to_owned(), path));
        }
    }
}

/// The modules that a source text names with `crate::`.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut named = Vec::new();
    for line in code {
        for part in line.split("crate::").skip(1) {
            // `use crate::{attempt, check}` names several.
            let names: Vec<&str> = match part.strip_prefix('{') {
                Some(list) => list
                    .split('}')
                    .next()
                    .unwrap_or_default()
                    .split(',')
                    .map(|item| item.trim().split("::").next().unwrap_or_default())
                    .collect(),
                None => vec![part.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()],
            };
            named.extend(names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    named
}

/// What breaks the direction: `file imports module`.
fn violations(order: &[String], sources: &[(String, String, String)]) -> Vec<String> {
    let place: BTreeMap<&str, usize> = order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut broken = Vec::new();
    for (module, file, text) in sources {
        let Some(own) = place.get(module.as_str()) else { continue };
        for import in imports(text) {
            if place.get(import.as_str()).is_some_and(|other| other > own) {
                broken.push(format!("{file} ({module}) imports {import}, which stands after it"));
            }
        }
    }
    broken
}

#[test]
fn every_import_goes_against_the_stream() {
    let order = order();
    assert!(order.len() >= 12, "the module list of lib.rs was not understood: {order:?}");
    let mut found = Vec::new();
    files(&root(), None, &mut found);
    found.retain(|(module, _)| module != "lib" && module != "main");
    let unknown: Vec<&String> = found.iter().map(|(module, _)| module).filter(|module| !order.contains(module)).collect();
    assert!(unknown.is_empty(), "modules that lib.rs does not name: {unknown:?}");
    let sources: Vec<(String, String, String)> =
        found.into_iter().map(|(module, path)| (module, path.display().to_string(), fs::read_to_string(&path).unwrap())).collect();
    assert_eq!(violations(&order, &sources), Vec::<String>::new());
}

#[test]
fn an_import_in_the_wrong_direction_is_found() {
    let order: Vec<String> = ["error", "source", "record", "report"].map(str::to_owned).into();
    let source = |module: &str, text: &str| (module.to_owned(), format!("{module}.rs"), text.to_owned());
    let bad = [
        source("source", "use crate::record::Record;"),
        source("record", "use crate::{error, report::Format};"),
        source("source", "fn f() { crate::report::write(); }"),
    ];
    assert_eq!(violations(&order, &bad).len(), 3);
    let good = [source("report", "use crate::record::Record;"), source("record", "// crate::report is later\nuse crate::error::Problem;")];
    assert_eq!(violations(&order, &good), Vec::<String>::new());
}

/// Libraries that belong to one module alone.
#[test]
fn a_library_stays_in_the_module_that_owns_it() {
    let owners = [
        ("clap", &["cli", "main"][..]),
        ("rayon", &["scan"]),
        ("walkdir", &["source", "rule"]),
        ("granit_parser", &["rule"]),
        ("serde_yaml", &["rule"]),
        ("quick_junit", &["report", "check"]),
        ("maud", &["report"]),
        ("anstyle", &["report"]),
        ("anstream", &["cli", "source"]),
        ("supports_hyperlinks", &["cli"]),
        ("terminal_size", &["cli"]),
        ("zip", &["source"]),
        ("tar", &["source"]),
        ("flate2", &["source"]),
        ("zstd", &["source", "scan"]),
        ("bzip2", &["source"]),
        ("lzma_rust2", &["source"]),
        ("lz4_flex", &["source"]),
        ("crc32fast", &["source"]),
        ("csv", &["record"]),
        ("indicatif", &["app"]),
        // What speaks with a network does so in two places, that which reads logs and that which sends reports, and only where they were built in.
        ("rusqlite", &["history"]),
        ("object_store", &["source"]),
        ("reqwest", &["app"]),
        ("rustls", &["source", "app"]),
        ("tokio", &["source", "app"]),
        ("futures_util", &["source"]),
    ];
    let mut found = Vec::new();
    files(&root(), None, &mut found);
    for (module, path) in found {
        let text = fs::read_to_string(&path).unwrap();
        for (library, modules) in owners {
            let used = text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
                line.contains(&format!("use {library}::"))
                    || line.split(&format!("{library}::")).next().is_some_and(|before| {
                        before.len() < line.len() && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                    })
            });
            assert!(!used || modules.contains(&module.as_str()), "{} uses {library}, which belongs to {modules:?}", path.display());
        }
    }
}
