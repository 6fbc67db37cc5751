//! What the tests of this directory share.

use js_sys::{Function, Promise};
use signalpost::browser::report::Report;
use signalpost_core::Input;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;

/// Runs a function's body in the page; `given` is its only parameter.
pub fn run(body: &str, given: &JsValue) -> JsValue {
    Function::new_with_args("given", body).call1(&JsValue::UNDEFINED, given).unwrap()
}

/// Waits for the promise that a function's body returns.
pub async fn wait_for(body: &str, given: &JsValue) -> JsValue {
    JsFuture::from(Promise::from(run(body, given))).await.unwrap()
}

/// Waits in the page.
pub async fn sleep(milliseconds: u32) {
    wait_for("return new Promise((done) => setTimeout(done, given))", &milliseconds.into()).await;
}

/// Waits until something is so, for ten seconds at most.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        sleep(10).await;
    }
    panic!("waited too long: {what}");
}

/// A list that closures write and tests read.
#[derive(Clone, Debug)]
pub struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<T: Clone + 'static> Log<T> {
    /// Writes.
    pub fn push(&self, entry: T) {
        self.0.borrow_mut().push(entry);
    }

    /// What was written so far.
    pub fn entries(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    /// How much was written so far.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// Errors that nobody caught, from now on.
pub struct Uncaught {
    seen: Log<String>,
    closure: Closure<dyn FnMut(JsValue)>,
}

impl Uncaught {
    /// Starts to listen.
    pub fn watch() -> Self {
        let seen = Log::default();
        let log = seen.clone();
        let closure = Closure::<dyn FnMut(JsValue)>::new(move |text: JsValue| {
            log.push(text.as_string().unwrap_or_default());
        });
        run(
            "given.onError = (event) => given(String(event.reason ?? event.message));
             addEventListener('error', given.onError);
             addEventListener('unhandledrejection', given.onError);",
            closure.as_ref(),
        );
        Self { seen, closure }
    }

    /// What came.
    pub fn entries(&self) -> Vec<String> {
        self.seen.entries()
    }
}

impl Drop for Uncaught {
    fn drop(&mut self) {
        run(
            "removeEventListener('error', given.onError);
             removeEventListener('unhandledrejection', given.onError);",
            self.closure.as_ref(),
        );
    }
}

/// Returns a `Report` that hands every input to `hear`.
pub fn report(hear: impl Fn(Input) + 'static) -> Report {
    Rc::new(hear)
}
