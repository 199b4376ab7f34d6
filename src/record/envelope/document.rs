//! Files that are one JSON document: what REST APIs and the command lines of clouds print. The document is read as a stream: each entry is
//! handed on as it comes, and none is kept.

use std::cell::RefCell;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::Dialects;
use super::{Peeled, object, python};

/// Keys under which documents hold their entries: Airflow's REST API, `aws logs`, Elasticsearch, CloudWatch Insights.
const ENTRY_KEYS: [&str; 6] = ["content", "events", "logEvents", "hits", "entries", "results"];

/// Keys of one entry of the journal, where each is an object over many lines (`journalctl -o json-pretty`).
const JOURNAL_KEYS: [&str; 8] =
    ["__REALTIME_TIMESTAMP", "_HOSTNAME", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_COMM", "_TRANSPORT", "PRIORITY", "MESSAGE"];

/// How far into the file the key of the entries has to stand.
pub(super) const KEY_WITHIN_BYTES: usize = 1024;

/// Whether a file that begins so is a document with entries, rather than lines of objects.
pub(super) fn begins(text: &[u8], is_all: bool) -> bool {
    match text.first() {
        Some(b'[') => text[1..].trim_ascii_start().starts_with(b"{") || text[1..].trim_ascii_start().starts_with(b"[{"),
        Some(b'{') => {
            let head = &text[..text.len().min(KEY_WITHIN_BYTES)];
            let first_line = memchr::memchr(b'\n', text).map_or(text, |end| &text[..end]);
            let more = memchr::memchr(b'\n', text).is_some_and(|end| !text[end..].trim_ascii().is_empty());
            let has_entries = ENTRY_KEYS.iter().any(|key| holds_key(head, key));
            let is_journal = first_line.trim_ascii() == b"{" && (holds_key(head, "__REALTIME_TIMESTAMP") || holds_key(head, "__CURSOR"));
            // Loki's answer to a query.
            let is_answer = [&b"{\"status\""[..], b"{\"data\""].iter().any(|key| head.starts_with(key))
                && holds_key(head, "stream")
                && holds_key(head, "values");
            if is_journal || is_answer {
                return true;
            }
            // A first line that is a whole object with others after it is one of many.
            let is_line =
                more && first_line.trim_ascii_end().ends_with(b"}") && serde_json::from_slice::<serde::de::IgnoredAny>(first_line).is_ok();
            // A record that happens to have such a key is not a document either.
            let is_record = is_all
                && !more
                && serde_json::from_slice::<Map<String, Value>>(first_line).is_ok_and(|object| object.contains_key("event"));
            has_entries && !is_line && !is_record
        }
        _ => false,
    }
}

/// Whether a key stands in a text as one whose value is a list, an object or a text.
fn holds_key(text: &[u8], key: &str) -> bool {
    let quoted = format!("\"{key}\"");
    memchr::memmem::find_iter(text, quoted.as_bytes()).any(|at| {
        let after = text[at + quoted.len()..].trim_ascii_start();
        after.strip_prefix(b":").is_some_and(|value| matches!(value.trim_ascii_start().first(), Some(b'[' | b'{' | b'"')))
    })
}

/// Reads a document, or several one after another, and hands on its entries. What follows after a fault in it is not read.
///
/// # Errors
/// What is wrong with the document, with its line and column.
pub(in crate::record) fn read(reader: impl Read, dialects: &Dialects, found: &mut dyn FnMut(Peeled<'_>)) -> Result<(), serde_json::Error> {
    let found = RefCell::new(found);
    let mut documents = serde_json::Deserializer::from_reader(reader);
    loop {
        let entries = Entries { dialects, found: &found, context: &RefCell::new(Map::new()), is_list: false };
        entries.deserialize(&mut documents)?;
        if documents.end().is_ok() {
            return Ok(());
        }
    }
}

/// Reads a value that holds entries.
#[derive(Clone, Copy)]
struct Entries<'a, 'b> {
    dialects: &'a Dialects,
    found: &'a RefCell<&'b mut dyn FnMut(Peeled<'_>)>,
    /// The other keys of the objects around: the log stream's name stands there.
    context: &'a RefCell<Map<String, Value>>,
    /// Whether the value stands where a list of entries is expected.
    is_list: bool,
}

impl Entries<'_, '_> {
    fn entry(self, entry: Value) {
        let mut found = self.found.borrow_mut();
        match entry {
            Value::Object(mut object) => {
                for (key, value) in self.context.borrow().iter() {
                    object.entry(key.clone()).or_insert_with(|| value.clone());
                }
                object::peel_object(&object, self.dialects, &mut |peeled| {
                    super::within(peeled, self.dialects, super::NESTING_MAX, &mut **found);
                });
            }
            // A row of CloudWatch Insights: a list of fields with their values.
            Value::Array(fields) => {
                let object: Map<String, Value> = fields
                    .into_iter()
                    .filter_map(|field| Some((field.get("field")?.as_str()?.to_owned(), field.get("value")?.clone())))
                    .collect();
                object::peel_object(&object, self.dialects, &mut |peeled| {
                    super::within(peeled, self.dialects, super::NESTING_MAX, &mut **found);
                });
            }
            Value::String(text) => self.text(&text, &mut **found),
            _ => {}
        }
    }

    /// One stream of Loki's answer: its labels, and pairs of nanoseconds and a line.
    fn stream(self, stream: &Value) {
        let Some(labels) = stream.get("stream") else { return };
        for pair in stream.get("values").and_then(Value::as_array).into_iter().flatten() {
            let (Some(at), Some(line)) = (pair.get(0).and_then(Value::as_str), pair.get(1)) else { continue };
            let micros = at.parse::<i64>().ok().map(|nanoseconds| (nanoseconds / 1000).to_string());
            let mut entry = Map::from_iter([("labels".to_owned(), labels.clone()), ("line".to_owned(), line.clone())]);
            entry.extend(micros.map(|micros| ("__REALTIME_TIMESTAMP".to_owned(), micros.into())));
            self.entry(Value::Object(entry));
        }
    }

    /// Airflow 2's REST API gives the whole log as one text, or as the text of a Python list.
    fn text(self, text: &str, found: &mut dyn FnMut(Peeled<'_>)) {
        let parts = python::second_of_pairs(text).unwrap_or_else(|| vec![text.to_owned()]);
        for line in parts.iter().flat_map(|part| part.lines()) {
            found(Peeled { text: line.as_bytes().into(), ..Peeled::default() });
        }
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document with log entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut journal = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if ENTRY_KEYS.contains(&key.as_str()) {
                map.next_value_seed(Self { is_list: true, ..self })?;
            } else {
                let value: Value = map.next_value()?;
                if key == "data" {
                    let streams = value.get("result").and_then(Value::as_array);
                    streams.into_iter().flatten().for_each(|stream| self.stream(stream));
                }
                if JOURNAL_KEYS.contains(&key.as_str()) {
                    journal.insert(key, value);
                    continue;
                }
                // Only what names the stream matters to the entries.
                if key.to_ascii_lowercase().contains("stream") && value.is_string() {
                    self.context.borrow_mut().insert(key, value);
                }
            }
        }
        if journal.contains_key("MESSAGE") {
            self.entry(Value::Object(journal));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(entry) = seq.next_element::<Value>()? {
            self.entry(entry);
        }
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if self.is_list {
            self.entry(Value::String(text.to_owned()));
        }
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}
