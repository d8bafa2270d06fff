//! A frame as a tree of values, the same for both encodings, with a bound on depth and number. Never knows what a message is.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::DecodeError;
use super::error::FieldError;
use crate::limits::{MESSAGE_DEPTH, MESSAGE_VALUES};

/// A value of a frame; texts and bytes are borrowed from it where they can be.
#[derive(Debug)]
pub enum Tree<'de> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'de, str>),
    Bytes(Cow<'de, [u8]>),
    List(Vec<Tree<'de>>),
    Map(Fields<'de>),
}

/// The fields of an object, as they came.
pub type Fields<'de> = Vec<(Cow<'de, str>, Tree<'de>)>;

/// The value of a field; a `null` is as good as none.
pub fn field<'tree, 'de>(fields: &'tree Fields<'de>, name: &str) -> Option<&'tree Tree<'de>> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value).filter(|value| !matches!(value, Tree::Null))
}

/// The same, to change it.
pub fn field_mut<'tree, 'de>(fields: &'tree mut Fields<'de>, name: &str) -> Option<&'tree mut Tree<'de>> {
    fields.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Reads one JSON value and nothing after it.
pub fn from_json(text: &str) -> Result<Tree<'_>, DecodeError> {
    let bounds = Bounds::default();
    let mut source = serde_json::Deserializer::from_str(text);
    let tree = bounds.top().deserialize(&mut source).map_err(|error| bounds.refusal(&error))?;
    source.end().map_err(|error| bounds.refusal(&error))?;
    Ok(tree)
}

/// Reads one MessagePack value and nothing after it.
pub fn from_message_pack(bytes: &[u8]) -> Result<Tree<'_>, DecodeError> {
    let bounds = Bounds::default();
    let mut source = rmp_serde::Deserializer::from_read_ref(bytes);
    // Well beyond ours, so that ours speaks first.
    source.set_max_depth(2 * MESSAGE_DEPTH);
    let tree = bounds.top().deserialize(&mut source).map_err(|error| bounds.refusal(&error))?;
    // The reader doesn't tell its position; at the end there is no marker left to read.
    match bool::deserialize(&mut source) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(tree),
        _ => Err(bounds.refusal(&"bytes after the message")),
    }
}

#[derive(Default)]
struct Bounds {
    values: Cell<usize>,
    too_deep: Cell<bool>,
}

impl Bounds {
    fn top(&self) -> Seed<'_> {
        Seed { bounds: self, depth: 0 }
    }

    fn refusal(&self, error: &dyn fmt::Display) -> DecodeError {
        if self.too_deep.get() {
            DecodeError::TooDeep { max: MESSAGE_DEPTH }
        } else if self.values.get() > MESSAGE_VALUES {
            DecodeError::TooManyValues { max: MESSAGE_VALUES }
        } else {
            DecodeError::NotAMessage { detail: error.to_string() }
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    bounds: &'a Bounds,
    depth: usize,
}

impl Seed<'_> {
    fn inside<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == MESSAGE_DEPTH {
            self.bounds.too_deep.set(true);
            return Err(E::custom("too deep"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Tree<'de>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Tree<'de>, D::Error> {
        self.bounds.values.set(self.bounds.values.get() + 1);
        if self.bounds.values.get() > MESSAGE_VALUES {
            return Err(de::Error::custom("too many values"));
        }
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value JSON has, or bytes")
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(u64::try_from(value).map_or(Tree::Signed(value), Tree::Unsigned))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree<'de>, E> {
        Ok(whole(value)
            .map_or(Tree::Float(value), |whole| u64::try_from(whole).map_or(Tree::Signed(whole), Tree::Unsigned)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_string<E>(self, text: String) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Tree<'de>, E> {
        Ok(Tree::Bytes(Cow::Owned(bytes.to_vec())))
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Tree<'de>, E> {
        Ok(Tree::Bytes(Cow::Borrowed(bytes)))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Tree<'de>, E> {
        Ok(Tree::Bytes(Cow::Owned(bytes)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree<'de>, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        // A length that is claimed reserves nothing: only what is there takes memory.
        while let Some(value) = list.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(Tree::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree<'de>, A::Error> {
        let inside = self.inside()?;
        let mut fields = Fields::new();
        while let Some(name) = map.next_key_seed(Name)? {
            fields.push((name, map.next_value_seed(inside)?));
        }
        Ok(Tree::Map(fields))
    }
}

/// Some languages have one kind of number and write large whole ones as floating point.
fn whole(value: f64) -> Option<i64> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
    (value.fract() == 0.0 && value.abs() <= LARGEST_EXACT).then_some(value as i64)
}

/// The name of a field: text, borrowed where it can be.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Cow<'de, str>, D::Error> {
        source.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field as text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Self::Text(Cow::Owned(text)) => visitor.visit_string(text),
            Self::Bytes(Cow::Borrowed(bytes)) => visitor.visit_borrowed_bytes(bytes),
            Self::Bytes(Cow::Owned(bytes)) => visitor.visit_byte_buf(bytes),
            Self::List(values) => visitor.visit_seq(SeqDeserializer::new(values.into_iter())),
            Self::Map(fields) => {
                visitor.visit_map(MapDeserializer::new(fields.into_iter().map(|(name, value)| (Key(name), value))))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, FieldError> for Tree<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A field's name on its way into a message, still borrowed.
struct Key<'de>(Cow<'de, str>);

impl<'de> IntoDeserializer<'de, FieldError> for Key<'de> {
    type Deserializer = Tree<'de>;

    fn into_deserializer(self) -> Tree<'de> {
        Tree::Text(self.0)
    }
}
