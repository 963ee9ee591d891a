//! A value of a layer as a serde deserializer: text takes the type of its key, and errors are structured.
//!
//! Environment variables and command-line options are text. For keys of type boolean, number, list or
//! table, the text is parsed as such; keys of type text get it unchanged.

use std::{collections::BTreeMap, fmt::Display};

use serde::{
    Deserializer,
    de::{
        self, Expected, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
};
use toml::Value;

/// A value, or a table of values.
#[derive(Debug, Clone, PartialEq)]
pub enum LayerValue {
    /// A value of a TOML file, which has a type.
    Toml(Value),
    /// Text, whose type is that of its key.
    Text(String),
    /// The keys below.
    Table(BTreeMap<String, LayerValue>),
}

/// Why a value does not fit its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// There is no such key; these are known in its place.
    UnknownKey(&'static [&'static str]),
    /// The value has the wrong type, or is out of range. The expected type is in the terms of serde.
    Expected(String),
    /// Any other error.
    Other(String),
}

impl LayerValue {
    /// Overrides this value by another one: tables are merged, everything else is replaced.
    pub fn merge(&mut self, upper: Self) {
        match (self, upper) {
            (Self::Table(lower), Self::Table(upper)) => {
                for (name, value) in upper {
                    match lower.get_mut(&name) {
                        Some(below) => below.merge(value),
                        None => drop(lower.insert(name, value)),
                    }
                }
            }
            (lower, upper) => *lower = upper,
        }
    }

    /// Text as a TOML value, if it is one.
    fn typed(text: &str) -> Option<Value> {
        text.trim().parse().ok()
    }
}

impl From<Value> for LayerValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Table(table) => {
                Self::Table(table.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
            value => Self::Toml(value),
        }
    }
}

/// Forwards scalars: text is parsed as a TOML value first.
macro_rules! deserialize_scalars {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match self {
                Self::Text(text) => match Self::typed(&text.to_ascii_lowercase()) {
                    Some(value @ (Value::Boolean(_) | Value::Integer(_) | Value::Float(_))) => {
                        Self::Toml(value).deserialize_any(visitor)
                    }
                    _ => Err(de::Error::invalid_type(Unexpected::Str(&text), &visitor)),
                },
                value => value.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for LayerValue {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Self::Text(text) | Self::Toml(Value::String(text)) => visitor.visit_string(text),
            Self::Toml(Value::Integer(number)) => visitor.visit_i64(number),
            Self::Toml(Value::Float(number)) => visitor.visit_f64(number),
            Self::Toml(Value::Boolean(value)) => visitor.visit_bool(value),
            Self::Toml(Value::Datetime(time)) => {
                Err(de::Error::invalid_type(Unexpected::Other(&time.to_string()), &visitor))
            }
            Self::Toml(Value::Array(values)) => {
                visitor.visit_seq(SeqDeserializer::new(values.into_iter().map(Self::from)))
            }
            Self::Toml(value @ Value::Table(_)) => Self::from(value).deserialize_any(visitor),
            Self::Table(table) => visitor.visit_map(MapDeserializer::new(table.into_iter())),
        }
    }

    deserialize_scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    /// Text is a TOML array, or a list separated by commas.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let Self::Text(text) = self else { return self.deserialize_any(visitor) };
        if text.trim_start().starts_with('[') {
            return match Self::typed(&text) {
                Some(value @ Value::Array(_)) => Self::Toml(value).deserialize_any(visitor),
                _ => Err(de::Error::invalid_type(Unexpected::Str(&text), &visitor)),
            };
        }
        let elements = text.split(',').map(str::trim).filter(|element| !element.is_empty());
        let elements: Vec<_> = elements.map(|element| Self::Text(element.to_owned())).collect();
        visitor.visit_seq(SeqDeserializer::new(elements.into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    /// Text is an inline TOML table.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let table = match self {
            Self::Text(text) => Self::typed(&text).map(Self::from),
            value => Some(value),
        };
        match table {
            Some(table @ (Self::Table(_) | Self::Toml(Value::Table(_)))) => table.deserialize_any(visitor),
            _ => Err(Mismatch::Expected("a map".to_owned())),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self {
            Self::Text(text) | Self::Toml(Value::String(text)) => {
                IntoDeserializer::<Mismatch>::into_deserializer(text)
                    .deserialize_enum(name, variants, visitor)
            }
            _ => Err(Mismatch::Expected(choices(variants))),
        }
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Mismatch> for LayerValue {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl de::Error for Mismatch {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Expected(expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Expected(expected.to_string())
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::Expected(expected.to_string())
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Self::Expected(choices(variants))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownKey(known)
    }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownKey(known) => write!(f, "unknown key, expected {}", choices(known)),
            Self::Expected(expected) => write!(f, "expected {expected}"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Mismatch {}

/// A list of names, ``one of `a`, `b` ``.
fn choices(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [name] => name.clone(),
        names => format!("one of {}", names.join(", ")),
    }
}
