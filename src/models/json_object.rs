//! Reads a JSON body strictly: one object, and no name twice in any object.
//!
//! `serde_json` alone lets the last of two equal names win, so that two readers of one text could see different things
//! in it (RFC 8259 section 4; RFC 7493 section 2.3 forbids it).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::validation::shortened;

/// Why a body is not one JSON object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonObjectError {
    /// Not JSON, not UTF-8, nested too deeply, a name twice, or something after the end.
    #[error("{detail}")]
    Syntax {
        /// What, and at which line and column.
        detail: String,
    },
    /// JSON, but an array, a text, a number, `true`, `false` or `null`.
    #[error("the top level must be an object")]
    NotAnObject,
}

/// The object in `json`.
///
/// # Errors
/// [`JsonObjectError::Syntax`] where it cannot be read, [`JsonObjectError::NotAnObject`] where it is something else.
pub fn parse_object(json: &[u8]) -> Result<Map<String, Value>, JsonObjectError> {
    match serde_json::from_slice(json) {
        Ok(StrictValue(Value::Object(object))) => Ok(object),
        Ok(_) => Err(JsonObjectError::NotAnObject),
        Err(error) => Err(JsonObjectError::Syntax { detail: error.to_string() }),
    }
}

/// A [`Value`] in which no object had a name twice.
struct StrictValue(Value);

impl<'de> Deserialize<'de> for StrictValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(StrictValue(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the name {:?} occurs twice",
                    shortened(&name)
                )));
            }
            let StrictValue(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}
