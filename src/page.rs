//! What the page and the network do, told to the core.

use crate::event_listener::EventListener;
use signalpost_core::PageEvent;
use std::rc::Rc;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: EventTarget;

    type Document;
    #[wasm_bindgen(method, getter)]
    fn hidden(this: &Document) -> Option<bool>;
}

/// Listens to the global scope and, where there is one, the document. A worker has no document.
pub fn listen(heard: impl Fn(PageEvent) + 'static) -> Vec<EventListener> {
    let heard = Rc::new(heard);
    let global = GLOBAL.with(EventTarget::clone);
    let on = |name, event| {
        let heard = Rc::clone(&heard);
        EventListener::new(&global, name, move |_| heard(event))
    };
    let mut listeners = vec![
        on("online", PageEvent::Online),
        on("offline", PageEvent::Offline),
        on("pageshow", PageEvent::Visible),
    ];
    let document = js_sys::Reflect::get(&global, &JsValue::from_str("document")).ok();
    if let Some(document) = document.filter(JsValue::is_object) {
        let document: Document = document.unchecked_into();
        let target: EventTarget = document.clone().unchecked_into();
        listeners.push(EventListener::new(&target, "visibilitychange", move |_| {
            let hidden = document.hidden().unwrap_or(false);
            heard(if hidden { PageEvent::Hidden } else { PageEvent::Visible });
        }));
    }
    listeners
}
