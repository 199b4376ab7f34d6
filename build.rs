//! Makes of the built-in rule files what a run needs of them, in a form that is read in a tenth of the time: one JSON text without what only tells about
//! rules, and with the literals that their expressions require. `src/rule/lean.rs` reads it, and a test there compares both forms.

#[path = "src/rule/grams.rs"]
mod grams;
#[path = "src/rule/needed.rs"]
#[expect(dead_code, reason = "texts are searched for in the program alone")]
mod needed;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Map, Value, json};

/// The lists of a rule file that a run needs, each with the fields that only tell about its rules.
const SECTIONS: [(&str, &[&str]); 3] = [("symptoms", &["examples", "source"]), ("causes", &[]), ("timers", &[])];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    for shared in ["needed.rs", "grams.rs", "grams.bin"] {
        println!("cargo::rerun-if-changed=src/rule/{shared}");
    }
    let mut rules = Map::from_iter([("version".to_owned(), json!(1))]);
    let mut expressions = BTreeMap::new();
    for path in files(Path::new("rules"))? {
        let text = fs::read_to_string(&path)?;
        let mut file: Value = serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        for (section, told) in SECTIONS {
            let Some(Value::Array(items)) = file.get_mut(section).map(Value::take) else { continue };
            let all = rules.entry(section).or_insert_with(|| json!([]));
            for mut item in items {
                note_expressions(&item, &mut expressions);
                item.as_object_mut().into_iter().for_each(|item| item.retain(|key, _| !told.contains(&key.as_str())));
                all.as_array_mut().into_iter().for_each(|all| all.push(item.take()));
            }
        }
    }
    let builtin = json!({ "rules": rules, "expressions": expressions });
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin.json"), builtin.to_string())?;
    Ok(())
}

/// The rule files below a folder, in the order of their names.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Notes the texts that each expression in a rule requires. One that cannot be read is left out, so that loading tells what is wrong with it.
fn note_expressions(rule: &Value, found: &mut BTreeMap<String, Value>) {
    match rule {
        Value::Object(entries) => {
            for (key, value) in entries {
                match (key.as_str(), value) {
                    ("regex", Value::String(expression)) => note(expression, found),
                    ("captures", Value::Array(expressions)) => {
                        for expression in expressions.iter().filter_map(Value::as_str) {
                            note(expression, found);
                        }
                    }
                    _ => note_expressions(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| note_expressions(item, found)),
        _ => {}
    }
}

fn note(expression: &str, found: &mut BTreeMap<String, Value>) {
    let Ok(parsed) = needed::parse(expression) else { return };
    let text = |text: needed::Text| Some(json!([std::str::from_utf8(text.bytes()).ok()?, text.any_case()]));
    let required = needed::of_expression(&parsed).into_iter().map(|texts| texts.into_iter().map(text).collect::<Option<Vec<_>>>());
    if let Some(required) = required.collect::<Option<Vec<_>>>() {
        found.insert(expression.to_owned(), json!(required));
    }
}
