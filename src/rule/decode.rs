//! From a placed tree to the types of `schema`, noting every fault instead of only the first.
//!
//! serde stops at the first error. So what is wrong is noted, taken out of the tree, and the rest is tried again, until
//! nothing is wrong or nothing is left.

use std::fmt::{self, Display};
use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::node::{Content, Entry, Node, Scalar};
use super::yaml;

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
    // Each time costs as much as the first: a rule of which so much is wrong is told in parts.
    while wrongs.len() < super::fault::FAULTS_MAX {
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
            let value = stand_in(field)?.moved_to(&holder.span);
            entries.push(Entry { key: field.to_owned(), key_span: holder.span.clone(), value });
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
    None
}

/// A value for a missing field, whatever is right where fields of that name are required.
fn stand_in(field: &str) -> Option<Node> {
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
    yaml::read(yaml).ok().flatten()
}

fn at_path<'a>(node: &'a mut Node, path: &[usize]) -> Option<&'a mut Node> {
    path.iter().try_fold(node, |node, step| match &mut node.content {
        Content::List(items) => items.get_mut(*step),
        Content::Map(entries) => entries.get_mut(*step).map(|entry| &mut entry.value),
        Content::Scalar(_) => None,
    })
}

fn unknown(word: String, words: &'static [&'static str], span: &Range<usize>) -> Wrong {
    Wrong::new(What::UnknownWord(word, words)).at(span)
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let result = match &self.content {
            Content::Scalar(Scalar::Bool(value)) => visitor.visit_bool(*value),
            Content::Scalar(Scalar::Text(text)) => visitor.visit_borrowed_str(text),
            Content::Scalar(Scalar::Whole(number)) => match u64::try_from(*number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(*number),
            },
            Content::Scalar(Scalar::Number(number)) => visitor.visit_f64(*number),
            Content::Scalar(Scalar::Null) => visitor.visit_unit(),
            Content::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Content::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
        };
        result.map_err(|wrong| wrong.at(&self.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match &self.content {
            Content::Scalar(Scalar::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self).map_err(|wrong| wrong.at(&self.span))
    }

    /// A list is no map, though serde would take its elements for the fields.
    fn deserialize_struct<V: Visitor<'de>>(self, name: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        match &self.content {
            Content::List(_) => Err(Wrong::new(What::Type("a list".to_owned(), expected_words(&format!("struct {name}")))).at(&self.span)),
            Content::Map(_) | Content::Scalar(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, words: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        let found = match &self.content {
            Content::Scalar(Scalar::Text(text)) => {
                let word: StrDeserializer<'_, Wrong> = text.as_str().into_deserializer();
                return visitor.visit_enum(word).map_err(|wrong| wrong.at(&self.span));
            }
            // A bare number or truth value is a word that is not known, which says more than its type.
            Content::Scalar(Scalar::Bool(value)) => return Err(unknown(value.to_string(), words, &self.span)),
            Content::Scalar(Scalar::Whole(number)) => return Err(unknown(number.to_string(), words, &self.span)),
            Content::Scalar(Scalar::Number(number)) => return Err(unknown(number.to_string(), words, &self.span)),
            Content::Scalar(Scalar::Null) => "nothing",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        };
        Err(Wrong::new(What::Type(found.to_owned(), format!("one of the words {}", words.join(", ")))).at(&self.span))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map identifier ignored_any
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
