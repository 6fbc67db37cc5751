//! Records: JSON objects whose fields are declared once. From a declaration come the struct, what serde reads and writes, what
//! any other codec reads and writes ([`FieldReader`], [`FieldWriter`]), and the list of the fields' names.

use crate::sequence::{Position, SequenceNumber};
use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;
use core::marker::PhantomData;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A JSON object with declared fields.
pub trait Record: Default {
    /// The names of its fields on the wire, in the order of their declaration.
    const FIELDS: &'static [&'static str];

    /// Reads every field into its place, which is empty.
    fn read(&mut self, from: &mut impl FieldReader);

    /// Writes every field that is present, in the order of their declaration.
    fn write(&self, to: &mut impl FieldWriter);
}

impl<R: Record> Record for Box<R> {
    const FIELDS: &'static [&'static str] = R::FIELDS;

    fn read(&mut self, from: &mut impl FieldReader) {
        (**self).read(from);
    }

    fn write(&self, to: &mut impl FieldWriter) {
        (**self).write(to);
    }
}

/// Reads the fields of one record. Implemented by each codec that is not serde's.
///
/// A field that is absent or `null` leaves its place empty. A value of the wrong kind does too, and the reader remembers it: the
/// record as a whole is not taken then.
pub trait FieldReader {
    /// Whether fields are read that only a client sends. A client ignores them, whatever is in them.
    fn reads_client_fields(&self) -> bool;
    /// A string.
    fn text(&mut self, name: &'static str) -> Option<String>;
    /// A boolean.
    fn flag(&mut self, name: &'static str) -> Option<bool>;
    /// An integer from 0 to `most`.
    fn integer(&mut self, name: &'static str, most: u64) -> Option<u64>;
    /// An array of two integers from 0 to 65535.
    fn pair(&mut self, name: &'static str) -> Option<(u16, u16)>;
    /// An array of strings.
    fn texts(&mut self, name: &'static str) -> Option<Vec<String>>;
    /// An object.
    fn record<R: Record>(&mut self, name: &'static str) -> Option<R>;
    /// An array of objects.
    fn records<R: Record>(&mut self, name: &'static str) -> Option<Vec<R>>;
}

/// Writes the fields of one record that are present. Implemented by each codec that is not serde's.
pub trait FieldWriter {
    /// A string.
    fn text(&mut self, name: &'static str, value: &str);
    /// A boolean.
    fn flag(&mut self, name: &'static str, value: bool);
    /// An integer.
    fn integer(&mut self, name: &'static str, value: u64);
    /// An array of two integers.
    fn pair(&mut self, name: &'static str, value: (u16, u16));
    /// An array of strings.
    fn texts(&mut self, name: &'static str, value: &[String]);
    /// An object.
    fn record<R: Record>(&mut self, name: &'static str, value: &R);
    /// An array of objects.
    fn records<R: Record>(&mut self, name: &'static str, value: &[R]);
}

/// How many bytes the texts of a record have, each as `weigh` counts them.
pub fn text_bytes(record: &impl Record, weigh: fn(&str) -> usize) -> usize {
    let mut scale = Scale { weigh, bytes: 0 };
    record.write(&mut scale);
    scale.bytes
}

struct Scale {
    weigh: fn(&str) -> usize,
    bytes: usize,
}

impl FieldWriter for Scale {
    fn text(&mut self, _: &'static str, value: &str) {
        self.bytes = self.bytes.saturating_add((self.weigh)(value));
    }
    fn flag(&mut self, _: &'static str, _: bool) {}
    fn integer(&mut self, _: &'static str, _: u64) {}
    fn pair(&mut self, _: &'static str, _: (u16, u16)) {}
    fn texts(&mut self, name: &'static str, value: &[String]) {
        value.iter().for_each(|text| self.text(name, text));
    }
    fn record<R: Record>(&mut self, _: &'static str, value: &R) {
        value.write(self);
    }
    fn records<R: Record>(&mut self, _: &'static str, value: &[R]) {
        value.iter().for_each(|record| record.write(self));
    }
}

/// What the place of a field can hold. `Option` is empty where the field is absent; other places have a value for that.
pub(crate) trait Field: Sized {
    fn read(name: &'static str, from: &mut impl FieldReader) -> Self;
    fn write(&self, name: &'static str, to: &mut impl FieldWriter);
    /// Whether nothing is written.
    fn is_absent(&self) -> bool;
    fn from_serde<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// `null` counts as absent, also where absent means a value.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// An optional field: how it is read from `from` under `name`, and how its `value` is written to `to`.
macro_rules! optional {
    ($($type:ty: |$from:ident, $name:ident| $read:expr, |$to:ident, $value:ident| $write:expr;)*) => {$(
        impl Field for Option<$type> {
            fn read($name: &'static str, $from: &mut impl FieldReader) -> Self {
                $read
            }
            fn write(&self, $name: &'static str, $to: &mut impl FieldWriter) {
                if let Some($value) = self {
                    $write;
                }
            }
            fn is_absent(&self) -> bool {
                self.is_none()
            }
            fn from_serde<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Deserialize::deserialize(from)
            }
        }
    )*};
}

/// The largest integer that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

optional! {
    String: |from, name| from.text(name), |to, value| to.text(name, value);
    bool: |from, name| from.flag(name), |to, value| to.flag(name, *value);
    u16: |from, name| from.integer(name, u16::MAX.into()).map(|number| number as u16),
        |to, value| to.integer(name, (*value).into());
    u32: |from, name| from.integer(name, u32::MAX.into()).map(|number| number as u32),
        |to, value| to.integer(name, (*value).into());
    SequenceNumber: |from, name| Option::read(name, from).map(SequenceNumber),
        |to, value| to.integer(name, value.0.into());
    Position: |from, name| Option::read(name, from).map(Position), |to, value| to.integer(name, value.0.into());
    u64: |from, name| from.integer(name, MAX_SAFE_INTEGER), |to, value| to.integer(name, *value);
    (u16, u16): |from, name| from.pair(name), |to, value| to.pair(name, *value);
}

impl Field for String {
    fn read(name: &'static str, from: &mut impl FieldReader) -> Self {
        from.text(name).unwrap_or_default()
    }
    fn write(&self, name: &'static str, to: &mut impl FieldWriter) {
        to.text(name, self);
    }
    fn is_absent(&self) -> bool {
        false
    }
    fn from_serde<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        null_is_default(from)
    }
}

impl Field for u32 {
    fn read(name: &'static str, from: &mut impl FieldReader) -> Self {
        Option::read(name, from).unwrap_or_default()
    }
    fn write(&self, name: &'static str, to: &mut impl FieldWriter) {
        to.integer(name, (*self).into());
    }
    fn is_absent(&self) -> bool {
        false
    }
    fn from_serde<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        null_is_default(from)
    }
}

impl Field for Vec<String> {
    fn read(name: &'static str, from: &mut impl FieldReader) -> Self {
        from.texts(name).unwrap_or_default()
    }
    fn write(&self, name: &'static str, to: &mut impl FieldWriter) {
        if !self.is_empty() {
            to.texts(name, self);
        }
    }
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
    fn from_serde<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        null_is_default(from)
    }
}

impl<R: Record + for<'de> Deserialize<'de>> Field for Option<R> {
    fn read(name: &'static str, from: &mut impl FieldReader) -> Self {
        from.record(name)
    }
    fn write(&self, name: &'static str, to: &mut impl FieldWriter) {
        if let Some(record) = self {
            to.record(name, record);
        }
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
    fn from_serde<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<Object<R>>::deserialize(from)?.map(|Object(record)| record))
    }
}

impl<R: Record + for<'de> Deserialize<'de>> Field for Option<Vec<R>> {
    fn read(name: &'static str, from: &mut impl FieldReader) -> Self {
        from.records(name)
    }
    fn write(&self, name: &'static str, to: &mut impl FieldWriter) {
        if let Some(records) = self {
            to.records(name, records);
        }
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
    fn from_serde<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let records = Option::<Vec<Object<R>>>::deserialize(from)?;
        Ok(records.map(|records| records.into_iter().map(|Object(record)| record).collect()))
    }
}

/// A record that is read from an object alone: serde would take an array of its fields for one as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

/// Declares a record. Each field is `name: Type = "name on the wire"`, with `from client` behind it where only a client sends it. A
/// field that is `required` has to be there on the wire.
macro_rules! record {
    (@reads $from:ident) => { true };
    (@reads $from:ident client) => { $from.reads_client_fields() };
    (
        $(#[$about:meta])*
        pub struct $record:ident {
            $(required { $(#[$required_doc:meta])* $required:ident: $required_type:ty = $required_wire:literal })?
            fields { $($(#[$doc:meta])* $field:ident: $type:ty = $wire:literal $(from $sender:ident)?,)* }
        }
    ) => {
        $(#[$about])*
        #[derive(Serialize, Deserialize)]
        pub struct $record {
            $($(#[$required_doc])*
            #[serde(rename = $required_wire)]
            pub $required: $required_type,)?
            $($(#[$doc])*
            #[serde(
                rename = $wire,
                default,
                skip_serializing_if = "crate::record::Field::is_absent",
                deserialize_with = "crate::record::Field::from_serde"
            )]
            pub $field: $type,)*
        }

        impl crate::record::Record for $record {
            const FIELDS: &'static [&'static str] = &[$($required_wire,)? $($wire,)*];

            fn read(&mut self, from: &mut impl crate::record::FieldReader) {
                $(self.$required = crate::record::Field::read($required_wire, from);)?
                $(if crate::record::record!(@reads from $($sender)?) {
                    self.$field = crate::record::Field::read($wire, from);
                })*
            }

            fn write(&self, to: &mut impl crate::record::FieldWriter) {
                $(crate::record::Field::write(&self.$required, $required_wire, to);)?
                $(crate::record::Field::write(&self.$field, $wire, to);)*
            }
        }
    };
}
pub(crate) use record;
