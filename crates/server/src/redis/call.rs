//! One call of a script.

use super::scripts::Script;

/// A script with its keys and arguments. A call can be repeated.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) script: &'static Script,
    pub(super) keys: Vec<String>,
    pub(super) args: Vec<String>,
}

impl Call {
    pub(super) fn new(script: &'static Script) -> Self {
        Self { script, keys: Vec::with_capacity(8), args: Vec::with_capacity(16) }
    }

    /// Adds a key. All keys of a call are in one slot.
    pub(super) fn key(mut self, key: String) -> Self {
        self.keys.push(key);
        self
    }

    /// Adds keys.
    pub(super) fn keys(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        self.keys.extend(keys);
        self
    }

    /// Adds an argument.
    pub(super) fn arg(mut self, argument: impl ToString) -> Self {
        self.args.push(argument.to_string());
        self
    }

    /// Adds an argument that may be missing: the script gets an empty text for it.
    pub(super) fn optional(self, argument: Option<impl ToString>) -> Self {
        let text = argument.map_or_else(String::new, |argument| argument.to_string());
        self.arg(text)
    }
}
