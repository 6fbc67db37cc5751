//! One timer: wakes once, at the deadline that was set last.

use crate::clock;
use crate::event_listener::EventListener;
use gloo_timers::callback::Timeout;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{MessageChannel, MessagePort};

/// Wakes at a deadline. What is due at once comes with the next macrotask, through a `MessageChannel`:
/// `setTimeout` waits at least 4 ms when nested, and a second in a hidden tab.
pub struct Timer {
    deadline: Rc<Cell<Option<u64>>>,
    timeout: RefCell<Option<Timeout>>,
    wake: Rc<dyn Fn()>,
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
        Self { deadline, timeout: RefCell::new(None), wake, macrotask }
    }

    /// Sets the deadline; `None`: there is nothing to wake for.
    pub fn set(&self, now: u64, deadline: Option<u64>) {
        if self.deadline.get() == deadline {
            return;
        }
        self.deadline.set(deadline);
        *self.timeout.borrow_mut() = None;
        let Some(deadline) = deadline else { return };
        if deadline <= now
            && let Some((_, far, _)) = &self.macrotask
            && far.post_message(&JsValue::NULL).is_ok()
        {
            return;
        }
        let wait = u32::try_from(deadline.saturating_sub(now)).unwrap_or(u32::MAX).min(i32::MAX as u32);
        let (cell, wake) = (Rc::clone(&self.deadline), Rc::clone(&self.wake));
        *self.timeout.borrow_mut() = Some(Timeout::new(wait, move || fire(&cell, &*wake)));
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
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
