//! One timer: wakes once, at the deadline that was set last.

use crate::clock;
use crate::event_listener::EventListener;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageChannel, MessagePort};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &JsValue, milliseconds: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timeout: &JsValue);
}

/// Wakes at a deadline. What is due at once comes with the next macrotask, through a `MessageChannel`:
/// `setTimeout` waits at least 4 ms when nested, and a second in a hidden tab.
pub struct Timer {
    deadline: Rc<Cell<Option<u64>>>,
    timeout: RefCell<JsValue>,
    fire: Closure<dyn Fn()>,
    macrotask: Option<(MessagePort, MessagePort, EventListener)>,
}

impl Timer {
    /// A timer that is not set. It calls `wake` when its time comes.
    pub fn new(wake: impl Fn() + 'static) -> Self {
        let deadline = Rc::new(Cell::new(None));
        let wake: Rc<dyn Fn()> = Rc::new(wake);
        let macrotask = MessageChannel::new().ok().map(|channel| {
            let (near, far) = (channel.port1(), channel.port2());
            let (deadline, wake) = (Rc::clone(&deadline), Rc::clone(&wake));
            let listener = EventListener::new(&near, "message", move |_| {
                // A macrotask cannot be taken back: it is silent when the deadline was put off meanwhile.
                if deadline.get().is_some_and(|at| at <= clock::now()) {
                    fire(&deadline, &*wake);
                }
            });
            near.start();
            (near, far, listener)
        });
        let cell = Rc::clone(&deadline);
        let fire = Closure::new(move || fire(&cell, &*wake));
        Self { deadline, timeout: RefCell::new(JsValue::UNDEFINED), fire, macrotask }
    }

    /// Sets the deadline; `None`: there is nothing to wake for.
    pub fn set(&self, now: u64, deadline: Option<u64>) {
        if self.deadline.get() == deadline {
            return;
        }
        self.deadline.set(deadline);
        clear_timeout(&self.timeout.take());
        let Some(deadline) = deadline else { return };
        if deadline <= now
            && let Some((_, far, _)) = &self.macrotask
            && far.post_message(&JsValue::NULL).is_ok()
        {
            return;
        }
        let wait = i32::try_from(deadline.saturating_sub(now)).unwrap_or(i32::MAX);
        self.timeout.replace(set_timeout(self.fire.as_ref().unchecked_ref(), wait));
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.timeout.take());
        if let Some((near, far, _)) = &self.macrotask {
            near.close();
            far.close();
        }
    }
}

fn fire(deadline: &Cell<Option<u64>>, wake: &dyn Fn()) {
    if deadline.take().is_some() {
        wake();
    }
}
