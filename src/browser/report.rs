//! What the parts of the browser have in common: they report what happens.

use signalpost_core::Input;
use std::rc::Rc;

/// Receives everything that happens.
pub type Report = Rc<dyn Fn(Input)>;
