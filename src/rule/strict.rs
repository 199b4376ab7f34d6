//! Reading a rule file straight into the types of `schema`, without places: what `serde_yaml` would let pass and a rule file may not hold is an
//! error here as it is in `yaml` and `decode`. Which error does not matter; whoever gets one reads the file again with places.
//!
//! `serde_yaml` takes any scalar for a text (`title: 404`), the last of two equal keys in a map of texts, and any depth; [`Strict`] stands between it and
//! serde's types and takes none of these.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::yaml::DEPTH_MAX;

/// A map of more keys is read in the other way: to tell each from all others would take long.
const KEYS_MAX: usize = 64;

/// Reads a text. `None` where anything is wrong with it.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    T::deserialize(Strict { inner: serde_yaml::Deserializer::from_str(text), depth: 0, has_fields: false }).ok()
}

/// A deserializer, visitor, seed or access within so many lists and maps.
struct Strict<T> {
    inner: T,
    depth: usize,
    /// Whether it reads a map into fields: serde itself then refuses keys that are not known or stand twice.
    has_fields: bool,
}

impl<T> Strict<T> {
    fn around<U>(&self, inner: U) -> Strict<U> {
        Strict { inner, depth: self.depth, has_fields: false }
    }

    /// What stands within a list or map.
    fn deeper<U, E: Error>(&self, inner: U) -> Result<Strict<U>, E> {
        if self.depth < DEPTH_MAX { Ok(Strict { depth: self.depth + 1, ..self.around(inner) }) } else { Err(E::custom("too deep")) }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    /// Everything is read as what it is, not as what is wanted.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.around(visitor);
        self.inner.deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A list is no map, though serde would take its elements for the fields.
    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, D::Error> {
        let visitor = Strict { has_fields: true, ..self.around(visitor) };
        self.inner.deserialize_map(visitor)
    }

    /// The enumerations of rule files are words.
    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, D::Error> {
        let Text(word) = Text::deserialize(self.inner)?;
        visitor.visit_enum(IntoDeserializer::<D::Error>::into_deserializer(&*word))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.inner.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<V::Value, E> {
        self.inner.visit_i64(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<V::Value, E> {
        // A whole number beyond 64 bits with a sign is a number like any other; no field takes it.
        if i64::try_from(number).is_ok() { self.inner.visit_u64(number) } else { Err(E::custom("too many digits")) }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<V::Value, E> {
        self.inner.visit_f64(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.inner.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.inner.visit_borrowed_str(text)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<V::Value, E> {
        self.inner.visit_string(text)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.visit_some(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let items = self.deeper(items)?;
        self.inner.visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let entries = self.deeper(entries)?;
        self.inner.visit_map(Entries { entries, keys: (!self.has_fields).then(Vec::new) })
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.deserialize(deserializer)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.around(seed);
        self.inner.next_element_seed(seed)
    }
}

/// The entries of a map, with the keys that it had so far where these are not fields.
struct Entries<'de, A> {
    entries: Strict<A>,
    keys: Option<Vec<Cow<'de, str>>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Some(Text(key)) = self.entries.inner.next_key()? else { return Ok(None) };
        let value = seed.deserialize(IntoDeserializer::<A::Error>::into_deserializer(&*key)).map(Some);
        if let Some(keys) = &mut self.keys {
            if key == "<<" || keys.contains(&key) || keys.len() >= KEYS_MAX {
                return Err(A::Error::custom("a merge key, one that stands twice, or very many"));
            }
            keys.push(key);
        }
        value
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.entries.around(seed);
        self.entries.inner.next_value_seed(seed)
    }
}

/// A scalar as it is written, borrowed where it stands so in the file: as keys and words are read, whatever else they could mean.
struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AText;
        impl<'de> Visitor<'de> for AText {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
        }
        deserializer.deserialize_str(AText)
    }
}
