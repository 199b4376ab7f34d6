//! Bytes of a log written down as text, so that whoever keeps them can read them, and mask them. What is no UTF-8 is replaced, as it is wherever
//! records are read.

use serde::{Deserialize, Deserializer, Serializer};

/// Writes bytes as text.
pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

/// Reads what [`serialize`] wrote.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    String::deserialize(deserializer).map(String::into_bytes)
}
