//! An earlier JSON report, of which only the ids of its incidents count.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::error::Error;

/// The one form that is read.
const SCHEMA: &str = "dagnosis.report/1";

/// What an earlier run found.
#[derive(Debug)]
pub struct Baseline {
    /// The file, as it was named.
    pub file: String,
    incidents: BTreeSet<String>,
    /// Those that were ignored then: known as well, and not missed if they are gone.
    ignored: BTreeSet<String>,
}

impl Baseline {
    /// Reads a report.
    ///
    /// # Errors
    /// [`Error::Usage`] where it cannot be read or is something else, which is named.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = path.display().to_string();
        let wrong = |says: String| Error::Usage(format!("--baseline {file}: {says}; write one with dagnosis LOGS -f json -o {file}"));
        let bytes = std::fs::read(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| wrong(format!("it is no JSON report of dagnosis, but {}", other(text, &error))))?;
        if value.get("schema").and_then(Value::as_str) != Some(SCHEMA) {
            return Err(wrong(format!("it is no JSON report of dagnosis, but {}", other_json(&value))));
        }
        let ids = |list: &str| -> Option<BTreeSet<String>> {
            let incidents = value.get(list)?.as_array()?;
            incidents.iter().map(|incident| Some(incident.get("id")?.as_str()?.to_owned())).collect()
        };
        let incidents = ids("incidents").ok_or_else(|| wrong("it is a report of dagnosis without the ids of its incidents".to_owned()))?;
        Ok(Self { incidents, ignored: ids("ignored").unwrap_or_default(), file })
    }

    /// Whether an incident of that id is in it.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.incidents.contains(id) || self.ignored.contains(id)
    }

    /// The ids of the incidents that it tells of, sorted.
    pub fn incidents(&self) -> impl Iterator<Item = &str> {
        self.incidents.iter().map(String::as_str)
    }
}

/// What a file is that is no JSON.
fn other(text: &[u8], error: &serde_json::Error) -> String {
    let begin = text.trim_ascii_start();
    match begin.first() {
        None => "an empty file".to_owned(),
        Some(b'<') => "XML (-f junit writes such)".to_owned(),
        Some(b'{' | b'[') if error.is_eof() => format!("JSON that ends early, in line {}", error.line()),
        Some(b'{' | b'[') => format!("broken JSON ({error})"),
        Some(_) if begin.starts_with(b"# Why tasks failed") => "a report in Markdown".to_owned(),
        Some(_) if std::str::from_utf8(begin).is_ok() => "another text".to_owned(),
        Some(_) => "no text".to_owned(),
    }
}

/// What a JSON file is that is no report.
fn other_json(value: &Value) -> String {
    match value {
        Value::Object(map) if map.contains_key("runs") && map.contains_key("version") => "SARIF".to_owned(),
        Value::Object(map) => match map.get("schema").and_then(Value::as_str) {
            Some(schema) => format!("one of the form `{}`, where `{SCHEMA}` is read", schema.chars().take(60).collect::<String>()),
            None => "a JSON object without `schema`".to_owned(),
        },
        Value::Array(_) => "a JSON list (-f gitlab writes such)".to_owned(),
        _ => "a single JSON value".to_owned(),
    }
}
