//! The one timer of a client.

use crate::browser::event_listener::is_page_visible;
use crate::browser::next_macrotask::NextMacrotask;
use crate::browser::report::Report;
use crate::clock;
use gloo_timers::callback::Timeout;
use js_sys::Date;
use signalpost_core::observed::sleep::{SleepWatch, wait_ms};
use signalpost_core::{Input, PageEvent};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

struct State {
    report: Report,
    /// How often the timer was set: a macrotask cannot be taken back, and only that of the last setting counts.
    settings: Cell<u32>,
    timeout: RefCell<Option<Timeout>>,
    sleep: RefCell<SleepWatch>,
}

impl State {
    fn wake(&self) {
        let slept = self.sleep.borrow_mut().jumped(Date::now(), clock::precise_now());
        if slept {
            (self.report)(Input::Page(PageEvent::Woke));
        }
        (self.report)(Input::Timeout);
    }
}

/// Reports [`Input::Timeout`] once, when the time has come that was set last. What is due at once comes with the next macrotask.
pub struct Timer {
    state: Rc<State>,
    next: NextMacrotask,
}

impl Timer {
    /// Waits for nothing yet.
    pub fn new(report: &Report) -> Self {
        let state = Rc::new(State {
            report: Rc::clone(report),
            settings: Cell::new(0),
            timeout: RefCell::default(),
            sleep: RefCell::new(SleepWatch::new(Date::now(), clock::precise_now())),
        });
        let own = Rc::downgrade(&state);
        let next = NextMacrotask::new(move |setting| {
            if let Some(state) = own.upgrade()
                && state.settings.get() == setting
            {
                (state.report)(Input::Timeout);
            }
        });
        Self { state, next }
    }

    /// Wakes once after so many milliseconds, and no more as it was set before; `None`: never.
    pub fn set(&self, milliseconds: Option<u32>) {
        let setting = self.state.settings.get().wrapping_add(1);
        self.state.settings.set(setting);
        let timeout = match milliseconds {
            None => None,
            Some(0) => {
                self.next.post(setting);
                None
            }
            Some(milliseconds) => {
                let own: Weak<State> = Rc::downgrade(&self.state);
                let wait = wait_ms(milliseconds, is_page_visible());
                Some(Timeout::new(wait, move || {
                    if let Some(state) = own.upgrade() {
                        state.wake();
                    }
                }))
            }
        };
        let before = self.state.timeout.replace(timeout);
        drop(before);
    }
}
