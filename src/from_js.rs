//! Reads records of the facade by serde's derive. serde-wasm-bindgen's own reader brings 19 kB (gzip) of error texts, which format floats
//! and texts (`docs/performance.md`); this one has one error, which says nothing: the facade has looked at every value.

use crate::js_value::{item, member};
use js_sys::Array;
use serde::de::{DeserializeOwned, DeserializeSeed, Error, Expected, SeqAccess, Unexpected, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};
use std::fmt::{self, Display};
use wasm_bindgen::JsValue;

/// The value does not have the shape that is wanted.
#[derive(Debug)]
pub struct Misfit;

impl Display for Misfit {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Misfit {}

/// Every error is the same one. The provided methods would format what was unexpected.
impl Error for Misfit {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

/// Reads a record.
///
/// # Errors
/// [`Misfit`], where a member is missing or of another kind.
pub fn from_js<T: DeserializeOwned>(value: &JsValue) -> Result<T, Misfit> {
    T::deserialize(Value(value.clone()))
}

/// The largest integer that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

struct Value(JsValue);

impl Value {
    fn is_absent(&self) -> bool {
        self.0.is_undefined() || self.0.is_null()
    }

    /// Reads a whole number that is not negative; the visitor checks its width.
    fn unsigned(&self) -> Result<u64, Misfit> {
        let is_whole = |number: &f64| (0.0..=MAX_SAFE_INTEGER).contains(number) && number.fract() == 0.0;
        self.0.as_f64().filter(is_whole).map(|number| number as u64).ok_or(Misfit)
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Misfit;

    /// Nothing that is read here describes itself.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Misfit> {
        Err(Misfit)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_bool(self.0.as_bool().ok_or(Misfit)?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_f64(self.0.as_f64().ok_or(Misfit)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_string(self.0.as_string().ok_or(Misfit)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_absent() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if !Array::is_array(&self.0) {
            return Err(Misfit);
        }
        let length = Value(member(&self.0, "length")).unsigned()?;
        visitor.visit_seq(Items { array: self.0, next: 0, length })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        if !self.0.is_object() {
            return Err(Misfit);
        }
        visitor.visit_seq(Members { object: self.0, fields: fields.iter() })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u64 u128 f32 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct map enum
        identifier ignored_any
    }
}

struct Items {
    array: JsValue,
    next: u32,
    length: u64,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        if u64::from(self.next) >= self.length {
            return Ok(None);
        }
        let value = item(&self.array, self.next);
        self.next = self.next.saturating_add(1);
        seed.deserialize(Value(value)).map(Some)
    }
}

/// The members of a record in the order of its fields, which needs no comparison of names; what is absent is `undefined`.
struct Members {
    object: JsValue,
    fields: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Members {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some(name) = self.fields.next() else { return Ok(None) };
        seed.deserialize(Value(member(&self.object, name))).map(Some)
    }
}
