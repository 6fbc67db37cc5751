//! What the page and the network do, told to the core.

use crate::event_listener::EventListener;
use alloc::rc::Rc;
use alloc::{vec, vec::Vec};
use signalpost_core::PageEvent;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::EventTarget;

#[wasm_bindgen]
extern "C" {
    /// `globalThis` of a page or a worker.
    #[wasm_bindgen(extends = EventTarget)]
    pub type Global;
    #[wasm_bindgen(method, getter)]
    fn document(this: &Global) -> Option<Document>;

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    type Document;
    #[wasm_bindgen(method, getter)]
    fn hidden(this: &Document) -> bool;
}

/// Listens to the global scope and, where there is one, the document. A worker has no document.
pub fn listen(global: &Global, heard: impl Fn(PageEvent) + 'static) -> Vec<EventListener> {
    let heard = Rc::new(heard);
    let on = |name, event| {
        let heard = Rc::clone(&heard);
        EventListener::new(global, name, move |_| heard(event))
    };
    let mut listeners = vec![
        on("online", PageEvent::Online),
        on("offline", PageEvent::Offline),
        on("pageshow", PageEvent::Visible),
    ];
    if let Some(document) = global.document() {
        listeners.push(EventListener::new(&document.clone(), "visibilitychange", move |_| {
            heard(if document.hidden() { PageEvent::Hidden } else { PageEvent::Visible });
        }));
    }
    listeners
}
