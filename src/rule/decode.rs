//! From a placed tree to the types of `schema`, noting every fault instead of only the first.
//!
//! serde stops at the first error. So what is wrong is noted, taken out of the tree, and the rest is tried again, until
//! nothing is wrong or nothing is left.

use std::fmt::{self, Display};
use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_yaml::Value;

use super::node::{Content, Entry, Node};

/// What is wrong with a piece of a file.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) what: What,
    /// Where, in the file's text.
    pub(super) span: Option<Range<usize>>,
    /// The way from the decoded node to the piece, last step first.
    path: Vec<usize>,
}

/// The kinds of wrong.
#[derive(Debug)]
pub(super) enum What {
    /// A key that is not allowed here.
    UnknownField(String, &'static [&'static str]),
    /// A word that is not one of those allowed.
    UnknownWord(String, &'static [&'static str]),
    /// A required key is absent.
    Missing(&'static str),
    /// Another type than expected: what was found, what was expected.
    Type(String, String),
    /// Anything else.
    Other(String),
}

impl Wrong {
    fn new(what: What) -> Self {
        Self { what, span: None, path: Vec::new() }
    }

    fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    fn under(mut self, step: usize) -> Self {
        self.path.push(step);
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::UnknownField(field, _) => write!(f, "unknown field `{field}`"),
            What::UnknownWord(word, _) => write!(f, "unknown value `{word}`"),
            What::Missing(field) => write!(f, "the required field `{field}` is missing"),
            What::Type(found, expected) => write!(f, "found {found} where {expected} is expected"),
            What::Other(says) => f.write_str(says),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(says: T) -> Self {
        Self::new(What::Other(says.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(What::Type(found_words(found), expected_words(&expected.to_string())))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(What::UnknownField(field.to_owned(), allowed))
    }

    fn unknown_variant(word: &str, allowed: &'static [&'static str]) -> Self {
        Self::new(What::UnknownWord(word.to_owned(), allowed))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::Missing(field))
    }
}

fn found_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("the text \"{}\"", text.chars().take(40).collect::<String>()),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Bool(value) => format!("{value}"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

fn expected_words(expected: &str) -> String {
    match expected {
        "a string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u16" | "u32" | "u64" | "usize" => "a whole number from 0".to_owned(),
        "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ if expected.starts_with("struct ") => "a map".to_owned(),
        _ if expected.starts_with("enum ") => "one word".to_owned(),
        other => other.to_owned(),
    }
}

/// Decodes a node. What is wrong goes to `wrongs` and out of the node; in place of what is missing comes a stand-in, so that all else is
/// looked at too. `None` when too little is left; a value that comes with `wrongs` is good for finding more of them only.
pub(super) fn decode<T: for<'de> de::Deserialize<'de>>(node: &mut Node, wrongs: &mut Vec<Wrong>) -> Option<T> {
    loop {
        let mut wrong = match T::deserialize(&*node) {
            Ok(value) => return Some(value),
            Err(wrong) => wrong,
        };
        wrong.path.reverse();
        let path = std::mem::take(&mut wrong.path);
        if let What::Missing(field) = wrong.what {
            let holder = at_path(node, &path)?;
            // A field that was there with a wrong value, or under a mistyped name, was reported as that.
            let reported = holder.removed.iter().any(|key| !super::fault::nearest(key, [field]).is_empty());
            if !reported {
                wrongs.push(wrong);
            }
            let Content::Map(entries) = &mut holder.content else { return None };
            let value = Node::place(stand_in(field)?, "");
            entries.push(Entry {
                key: field.to_owned(),
                key_span: holder.span.clone(),
                value: Node { span: holder.span.clone(), ..value },
            });
            continue;
        }
        wrongs.push(wrong);
        let (last, parent) = path.split_last()?;
        let parent = at_path(node, parent)?;
        parent.removed.push(match &mut parent.content {
            Content::List(items) if *last < items.len() => {
                items.remove(*last);
                String::new()
            }
            Content::Map(entries) if *last < entries.len() => entries.remove(*last).key,
            _ => return None,
        });
    }
}

/// A value for a missing field, whatever is right where fields of that name are required.
fn stand_in(field: &str) -> Option<Value> {
    let yaml = match field {
        "severity" => "low",
        "category" => "code",
        "match" => "{ literal: '-' }",
        "layer" => "client",
        "owner" | "helps" => "unknown",
        "prior" => "0.1",
        "retry" => "{ helps: unknown, safe: 'no', says: '-' }",
        "safe" => "'no'",
        "when" => "{ single: true }",
        "seconds" | "at_least" => "1",
        "kind" => "idle",
        "within" => "1s",
        "same" => "any",
        "symptoms" | "logs" | "expect" => "[]",
        _ => "'-'",
    };
    serde_yaml::from_str(yaml).ok()
}

fn at_path<'a>(node: &'a mut Node, path: &[usize]) -> Option<&'a mut Node> {
    path.iter().try_fold(node, |node, step| match &mut node.content {
        Content::List(items) => items.get_mut(*step),
        Content::Map(entries) => entries.get_mut(*step).map(|entry| &mut entry.value),
        Content::Scalar(_) => None,
    })
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let result = match &self.content {
            Content::Scalar(Value::Bool(value)) => visitor.visit_bool(*value),
            Content::Scalar(Value::String(text)) => visitor.visit_borrowed_str(text),
            Content::Scalar(Value::Number(number)) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Content::Scalar(_) => visitor.visit_unit(),
            Content::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Content::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
        };
        result.map_err(|wrong| wrong.at(&self.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match &self.content {
            Content::Scalar(Value::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self).map_err(|wrong| wrong.at(&self.span))
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, words: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        let result = match &self.content {
            Content::Scalar(Value::String(text)) => {
                let word: StrDeserializer<'_, Wrong> = text.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
            // A bare number or truth value is a word that is not known, which says more than its type.
            Content::Scalar(Value::Bool(value)) => Err(de::Error::unknown_variant(&value.to_string(), words)),
            Content::Scalar(Value::Number(number)) => Err(de::Error::unknown_variant(&number.to_string(), words)),
            _ => return self.deserialize_any(visitor),
        };
        result.map_err(|wrong: Wrong| wrong.at(&self.span))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

/// The elements of a list.
struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(item).map(Some).map_err(|wrong| wrong.under(self.next - 1))
    }
}

/// The entries of a map.
struct Entries<'de> {
    entries: &'de [Entry],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some(entry) = self.entries.get(self.next) else { return Ok(None) };
        let key: StrDeserializer<'_, Wrong> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|wrong| wrong.at(&entry.key_span).under(self.next))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let entry = self.entries.get(self.next).ok_or_else(|| de::Error::custom("a value without a key"))?;
        self.next += 1;
        seed.deserialize(&entry.value).map_err(|wrong| wrong.at(&entry.value.span).under(self.next - 1))
    }
}
