//! The replies of scripts. Redis is outside data: each reader checks what it takes.

use super::error::StoreError;
use redis::Value;
use std::str::FromStr;

/// What a script replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing: Lua's `false`, or a field that is not there.
    Nil,
    /// An integer.
    Number(i64),
    /// A string.
    Text(Vec<u8>),
    /// A table.
    List(Vec<Reply>),
}

impl Reply {
    /// Takes the items of a list. `place` names the script for the error.
    pub(super) fn into_fields(self, place: &'static str) -> Result<Fields, StoreError> {
        match self {
            Self::List(items) => Ok(Fields { place, items: items.into_iter() }),
            _ => Err(StoreError::Malformed(place)),
        }
    }
}

impl TryFrom<Value> for Reply {
    type Error = StoreError;

    fn try_from(value: Value) -> Result<Self, StoreError> {
        Ok(match value {
            Value::Nil => Self::Nil,
            Value::Int(number) => Self::Number(number),
            Value::BulkString(bytes) => Self::Text(bytes),
            Value::SimpleString(text) => Self::Text(text.into_bytes()),
            Value::Okay => Self::Text(b"OK".into()),
            Value::Array(items) => {
                Self::List(items.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            Value::ServerError(error) => return Err(redis::RedisError::from(error).into()),
            _ => return Err(StoreError::Malformed("a reply")),
        })
    }
}

/// The items of a list, read from the first to the last.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    place: &'static str,
    items: std::vec::IntoIter<Reply>,
}

impl Fields {
    /// The error of a reply that is not what its script writes.
    pub(super) const fn malformed(&self) -> StoreError {
        StoreError::Malformed(self.place)
    }

    /// Whether every item was read.
    pub(super) fn is_empty(&self) -> bool {
        self.items.len() == 0
    }

    /// Takes the next item, whatever it is.
    pub(super) fn reply(&mut self) -> Result<Reply, StoreError> {
        self.items.next().ok_or(StoreError::Malformed(self.place))
    }

    /// Takes a text; `None` for nil.
    pub(super) fn optional(&mut self) -> Result<Option<String>, StoreError> {
        match self.reply()? {
            Reply::Nil => Ok(None),
            Reply::Text(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| self.malformed()),
            Reply::Number(number) => Ok(Some(number.to_string())),
            Reply::List(_) => Err(self.malformed()),
        }
    }

    /// Takes a text.
    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        self.optional()?.ok_or(StoreError::Malformed(self.place))
    }

    /// Takes a number, written as an integer or as decimal text.
    pub(super) fn number<N: FromStr>(&mut self) -> Result<N, StoreError> {
        self.text()?.parse().map_err(|_| self.malformed())
    }

    /// Takes a list.
    pub(super) fn list(&mut self) -> Result<Self, StoreError> {
        let place = self.place;
        self.reply()?.into_fields(place)
    }
}
