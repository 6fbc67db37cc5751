//! The next macrotask, through a `MessageChannel` where the host has them: `setTimeout` waits at least 4 ms when nested, and a second
//! in a hidden tab.

use crate::browser::event_listener::{Listener, listener};
use crate::js_value::{global_member, member};
use gloo_timers::callback::Timeout;
use js_sys::Function;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageChannel, MessagePort};

struct Context {
    run: Box<dyn Fn(u32)>,
    receiver: Option<MessagePort>,
    posted: Cell<u32>,
}

impl Context {
    fn hear(&self, event: &JsValue) {
        let number = member(event, "data").as_f64().unwrap_or_default() as u32;
        if number == self.posted.get() {
            self.keep_process(false);
        }
        (self.run)(number);
    }

    /// In Node a port that listens keeps the process alive: no longer than something is to come. Browsers have neither `ref` nor `unref`.
    fn keep_process(&self, is_kept: bool) {
        let Some(receiver) = &self.receiver else { return };
        if let Some(call) = member(receiver, if is_kept { "ref" } else { "unref" }).dyn_ref::<Function>() {
            let _ = call.call0(receiver);
        }
    }
}

/// Calls a function with a number in the next macrotask.
pub struct NextMacrotask {
    context: Rc<Context>,
    sender: Option<MessagePort>,
    _listener: Option<Listener>,
    /// In a host without channels.
    timeout: RefCell<Option<Timeout>>,
}

impl NextMacrotask {
    /// Posts nothing yet.
    pub fn new(run: impl Fn(u32) + 'static) -> Self {
        let has_channels = !global_member("MessageChannel").is_undefined();
        let channel = has_channels.then(MessageChannel::new).and_then(Result::ok);
        let receiver = channel.as_ref().map(MessageChannel::port1);
        let context = Rc::new(Context { run: Box::new(run), receiver, posted: Cell::new(0) });
        let heard = context.receiver.as_ref().map(|receiver| {
            let heard = listener(&context, Context::hear);
            receiver.set_onmessage(Some(heard.as_ref().unchecked_ref()));
            heard
        });
        context.keep_process(false);
        Self {
            context,
            sender: channel.map(|channel| channel.port2()),
            _listener: heard,
            timeout: RefCell::default(),
        }
    }

    /// Calls the function with this number in the next macrotask.
    pub fn post(&self, number: u32) {
        if let Some(sender) = &self.sender {
            self.context.posted.set(number);
            self.context.keep_process(true);
            if sender.post_message(&number.into()).is_ok() {
                return;
            }
        }
        let context = Rc::clone(&self.context);
        let timeout = Timeout::new(0, move || (context.run)(number));
        drop(self.timeout.replace(Some(timeout)));
    }
}

impl Drop for NextMacrotask {
    fn drop(&mut self) {
        if let Some(receiver) = &self.context.receiver {
            // What was posted may still arrive in a port that was closed.
            receiver.set_onmessage(None);
            receiver.close();
        }
    }
}
