//! The page and the network are heard as long as somebody listens.

use crate::support::{Log, report, run};
use signalpost::browser::Browser;
use signalpost::browser::web_socket::SocketSource;
use signalpost_core::{Input, PageEvent};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

/// A global scope with a document; both know how many listeners they have.
fn scope() -> JsValue {
    run(
        "const counting = () => {
           const target = new EventTarget();
           target.count = 0;
           const { addEventListener, removeEventListener } = EventTarget.prototype;
           target.addEventListener = (...all) => (target.count += 1, addEventListener.apply(target, all));
           target.removeEventListener = (...all) => (target.count -= 1, removeEventListener.apply(target, all));
           return target;
         };
         return Object.assign(counting(), { document: counting() })",
        &JsValue::NULL,
    )
}

fn listen(scope: &JsValue, log: &Log<PageEvent>) -> Browser {
    let log = log.clone();
    let report = report(move |input| match input {
        Input::Page(event) => log.push(event),
        other => panic!("{other:?}"),
    });
    let [handler, configuration] = [(); 2].map(|()| js_sys::Object::new());
    let source = SocketSource::Url(String::new());
    Browser::new(scope, source, handler.unchecked_into(), configuration.unchecked_into(), &report)
}

fn everything_happens(scope: &JsValue) {
    run(
        "for (const name of ['online', 'offline', 'beforeunload', 'pageshow', 'other']) given.dispatchEvent(new Event(name));
         for (const persisted of [true, false]) {
           for (const name of ['pagehide', 'pageshow']) given.dispatchEvent(new PageTransitionEvent(name, { persisted }));
         }
         for (const name of ['freeze', 'resume']) given.document.dispatchEvent(new Event(name));
         for (const hidden of [true, false]) {
           given.document.hidden = hidden;
           given.document.dispatchEvent(new Event('visibilitychange'));
         }",
        scope,
    );
}

#[wasm_bindgen_test]
fn it_is_heard_until_the_drop_and_no_listener_stays() {
    let scope = scope();
    let (heard, log) = (Log::default(), Log::default());
    let pages = [listen(&scope, &heard), listen(&scope, &log)];
    let count = || run("return given.count + given.document.count", &scope).as_f64();
    assert_eq!(count(), Some(18.0));
    everything_happens(&scope);
    let expected = [
        PageEvent::Online,
        PageEvent::Offline,
        PageEvent::MayLeave,
        PageEvent::Frozen,
        PageEvent::Leaving,
        PageEvent::Visible,
        PageEvent::Leaving,
        PageEvent::Frozen,
        PageEvent::Woke,
        PageEvent::Hidden,
        PageEvent::Visible,
    ];
    assert_eq!(heard.entries(), expected);
    assert_eq!(log.entries(), expected);
    drop(pages);
    assert_eq!(count(), Some(0.0));
    everything_happens(&scope);
    assert_eq!(heard.len(), expected.len());
}
