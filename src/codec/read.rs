//! Reads the sparse envelope from a parsed JSON value.

use crate::js_value::{item, member};
use alloc::{string::String, vec::Vec};
use signalpost_core::protocol::Envelope;
use signalpost_core::protocol::record::{FieldReader, Record};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Array, js_name = isArray)]
    fn is_array(value: &JsValue) -> bool;
}

/// Reads members of an object. A member of the wrong kind is remembered, since a way out at each would weigh more.
struct Members<'a> {
    object: &'a JsValue,
    wrong: bool,
}

impl<'a> Members<'a> {
    fn of(object: &'a JsValue) -> Self {
        Self { object, wrong: !object.is_object() || is_array(object) }
    }

    /// A member that is there.
    fn value(&self, name: &str) -> Option<JsValue> {
        let value = member(self.object, name);
        if value.is_undefined() || value.is_null() { None } else { Some(value) }
    }

    fn read<T>(&mut self, name: &str, read: impl FnOnce(&JsValue) -> Option<T>) -> Option<T> {
        let value = self.value(name)?;
        let read = read(&value);
        self.wrong |= read.is_none();
        read
    }

    fn list<T>(&mut self, name: &str, read: fn(&JsValue) -> Option<T>) -> Option<Vec<T>> {
        self.read(name, |value| {
            let mut items = Vec::new();
            for index in 0..length(value)? {
                items.push(read(&item(value, index))?);
            }
            Some(items)
        })
    }

    /// What was read, unless a member was of the wrong kind.
    fn unless_wrong<T>(&self, read: T) -> Option<T> {
        if self.wrong { None } else { Some(read) }
    }
}

impl FieldReader for Members<'_> {
    fn reads_client_fields(&self) -> bool {
        false
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        self.read(name, JsValue::as_string)
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, JsValue::as_bool)
    }

    fn integer(&mut self, name: &'static str, most: u64) -> Option<u64> {
        self.read(name, |value| integer(value, most))
    }

    fn pair(&mut self, name: &'static str) -> Option<(u16, u16)> {
        self.read(name, |value| {
            let number =
                |index| integer(&item(value, index), u64::from(u16::MAX)).map(|number| number as u16);
            if length(value)? == 2 { Some((number(0)?, number(1)?)) } else { None }
        })
    }

    fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        self.list(name, JsValue::as_string)
    }

    fn record<R: Record>(&mut self, name: &'static str) -> Option<R> {
        self.read(name, record)
    }

    fn records<R: Record>(&mut self, name: &'static str) -> Option<Vec<R>> {
        self.list(name, record)
    }
}

fn integer(value: &JsValue, most: u64) -> Option<u64> {
    let number = value.as_f64()?;
    let integer = number as u64;
    if number >= 0.0 && integer <= most && integer as f64 == number { Some(integer) } else { None }
}

/// The length of an array.
fn length(value: &JsValue) -> Option<u32> {
    if !is_array(value) {
        return None;
    }
    integer(&member(value, "length"), u64::from(u32::MAX)).map(|length| length as u32)
}

/// A record; `None` when a field is of the wrong kind.
pub fn record<R: Record>(value: &JsValue) -> Option<R> {
    let (mut members, mut record) = (Members::of(value), R::default());
    record.read(&mut members);
    members.unless_wrong(record)
}

pub fn envelope(value: &JsValue) -> Option<Envelope> {
    let envelope: Envelope = record(value)?;
    // Nothing stands for a type that is absent.
    if member(value, "type").is_string() { Some(envelope) } else { None }
}
