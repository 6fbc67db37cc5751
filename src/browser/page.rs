//! The events of the page and the network.

use crate::browser::event_listener::{EventListeners, document_of};
use crate::browser::report::Report;
use crate::js_value::member;
use signalpost_core::Input;
use signalpost_core::observed::page_life::Observed;
use std::rc::Rc;
use wasm_bindgen::JsValue;

struct Context {
    report: Report,
    document: JsValue,
}

impl Context {
    fn tell(&self, observed: Observed) {
        for event in observed.page_events() {
            (self.report)(Input::Page(*event));
        }
    }
}

/// Reads `PageTransitionEvent.persisted`. Events that scripts made have none.
fn persisted(event: &JsValue) -> bool {
    member(event, "persisted").as_bool() == Some(true)
}

/// Reports the events of a page and its network until it is dropped. A worker has no document.
pub struct Page {
    _listeners: EventListeners,
}

impl Page {
    /// Listens to a global object and its document.
    pub fn new(scope: &JsValue, report: &Report) -> Self {
        let document = document_of(scope);
        let context = Rc::new(Context { report: Rc::clone(report), document });
        let mut listeners = EventListeners::new();
        let mut on = |target: &JsValue, name: &'static str, hear: fn(&Context, &JsValue)| {
            listeners.listen(target, name, &context, hear);
        };
        on(scope, "online", |page, _| page.tell(Observed::Online));
        on(scope, "offline", |page, _| page.tell(Observed::Offline));
        on(scope, "beforeunload", |page, _| page.tell(Observed::BeforeUnload));
        on(scope, "pagehide", |page, event| page.tell(Observed::PageHide { persisted: persisted(event) }));
        on(scope, "pageshow", |page, event| page.tell(Observed::PageShow { persisted: persisted(event) }));
        on(&context.document, "visibilitychange", |page, _| {
            let hidden = member(&page.document, "hidden").as_bool();
            page.tell(Observed::VisibilityChange { hidden: hidden.unwrap_or(false) });
        });
        on(&context.document, "freeze", |page, _| page.tell(Observed::Freeze));
        on(&context.document, "resume", |page, _| page.tell(Observed::Resume));
        Self { _listeners: listeners }
    }
}
