//! What the page and the network do, told to the core.

use crate::browser::{self, Heard};
use signalpost_core::PageEvent;
use wasm_bindgen::JsValue;

/// Listens to the global scope and, where there is one, the document, until it is dropped.
pub struct Page {
    page: browser::Page,
    _heard: Heard,
}

impl Page {
    /// Everything that happens is told to `heard`.
    pub fn listen(global: &JsValue, heard: impl Fn(PageEvent) + 'static) -> Self {
        let heard = Heard::new(move |kind, _, _, _| {
            heard(match kind {
                0 => PageEvent::Online,
                1 => PageEvent::Offline,
                2 => PageEvent::Visible,
                4 => PageEvent::Woke,
                5 => PageEvent::Frozen,
                6 => PageEvent::Leaving,
                _ => PageEvent::Hidden,
            });
        });
        Self { page: browser::Page::new(global, &heard), _heard: heard }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.page.close();
    }
}
