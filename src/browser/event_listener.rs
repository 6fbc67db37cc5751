//! Listeners of the browser's events (DOM §2.7) that are removed when they are dropped.

use crate::js_value::{global_member, member};
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, AddEventListenerOptions, EventTarget};

/// The one type of closure that the browser calls: each further type would bring its own code. It is `Fn`, because a transport
/// that calls back at once enters it twice.
pub type Listener = Closure<dyn Fn(JsValue)>;

/// Returns a closure that hands an event and `context` to `hear`.
pub fn listener<T: 'static>(context: &Rc<T>, hear: fn(&T, &JsValue)) -> Listener {
    let context = Rc::clone(context);
    Listener::new(move |event: JsValue| hear(&context, &event))
}

struct EventListener {
    target: EventTarget,
    name: &'static str,
    listener: Listener,
}

impl Drop for EventListener {
    fn drop(&mut self) {
        let _ = self
            .target
            .remove_event_listener_with_callback(self.name, self.listener.as_ref().unchecked_ref());
    }
}

/// The listeners that one part of the shell has; all of them are removed when it is dropped.
pub struct EventListeners {
    all: Vec<EventListener>,
    /// Nothing is dropped when the module traps. Then the facade (`js/instance.ts`) aborts every controller that the module holds,
    /// which removes the listeners too (DOM §2.7.3).
    options: AddEventListenerOptions,
    _controller: Option<AbortController>,
}

impl EventListeners {
    /// Starts without a listener.
    pub fn new() -> Self {
        let controller = AbortController::new().ok();
        let options = AddEventListenerOptions::new();
        if let Some(controller) = &controller {
            options.set_signal(&controller.signal());
        }
        Self { all: Vec::new(), options, _controller: controller }
    }

    /// Calls `hear` with each event of this name. The global object of Node tells no events: nothing is heard of it.
    pub fn listen<T: 'static>(
        &mut self,
        target: &JsValue,
        name: &'static str,
        context: &Rc<T>,
        hear: fn(&T, &JsValue),
    ) {
        if !member(target, "addEventListener").is_function() {
            return;
        }
        let target: EventTarget = target.clone().unchecked_into();
        let listener = listener(context, hear);
        let callback = listener.as_ref().unchecked_ref();
        let added = target.add_event_listener_with_callback_and_add_event_listener_options(
            name,
            callback,
            &self.options,
        );
        if added.is_ok() {
            self.all.push(EventListener { target, name, listener });
        }
    }

    /// Removes all listeners.
    pub fn clear(&mut self) {
        self.all.clear();
    }
}

impl Default for EventListeners {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the document of a global object; `undefined` in a worker.
pub fn document_of(scope: &JsValue) -> JsValue {
    member(scope, "document")
}

/// Returns whether the page is seen. A host without a document has no page.
pub fn is_page_visible() -> bool {
    member(&global_member("document"), "hidden").as_bool() == Some(false)
}
