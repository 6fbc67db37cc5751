//! One deadline at a time, and nothing after the end.

use crate::support::{Log, report, run, sleep, until, wait_for};
use signalpost::browser::timer::Timer as ShellTimer;
use signalpost::clock::now;
use signalpost_core::{Input, PageEvent};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_test::wasm_bindgen_test;

/// One timer: wakes once, after the milliseconds that were set last; negative: never.
struct Timer(ShellTimer);

impl Timer {
    fn new(wake: impl Fn() + 'static) -> Self {
        Self(ShellTimer::new(&report(move |input| {
            assert!(matches!(input, Input::Timeout));
            wake();
        })))
    }

    fn set(&self, milliseconds: i32) {
        self.0.set(u32::try_from(milliseconds).ok());
    }
}

fn timer(log: &Log<&'static str>, name: &'static str) -> Timer {
    let log = log.clone();
    Timer::new(move || log.push(name))
}

#[wasm_bindgen_test]
async fn timers_wake_in_the_order_of_their_deadlines_and_not_before() {
    let log = Log::default();
    let start = now();
    let times = Log::default();
    let timers: Vec<_> = [(60, "third"), (20, "first"), (40, "second")]
        .into_iter()
        .map(|(wait, name)| {
            let (log, times) = (log.clone(), times.clone());
            let timer = Timer::new(move || {
                log.push(name);
                times.push(now() - start);
            });
            timer.set(wait);
            timer
        })
        .collect();
    until("three timers", || log.len() == 3).await;
    assert_eq!(log.entries(), ["first", "second", "third"]);
    for (waited, due) in times.entries().into_iter().zip([20, 40, 60]) {
        assert!(waited >= due, "woke after {waited} ms of {due}");
    }
    drop(timers);
}

#[wasm_bindgen_test]
async fn what_is_due_comes_with_the_next_macrotask_and_before_a_short_timeout() {
    let log = Log::default();
    let timer = timer(&log, "timer");
    let on_timeout = log.clone();
    let on_microtask = log.clone();
    let timeout = Closure::<dyn FnMut()>::new(move || on_timeout.push("timeout"));
    let microtask = Closure::<dyn FnMut()>::new(move || on_microtask.push("microtask"));
    run("setTimeout(given, 4)", timeout.as_ref());
    timer.set(0);
    run("queueMicrotask(given)", microtask.as_ref());
    assert_eq!(log.len(), 0, "not before the caller is done");
    until("all three", || log.len() == 3).await;
    assert_eq!(log.entries(), ["microtask", "timer", "timeout"]);
}

#[wasm_bindgen_test]
async fn a_chain_of_due_wakes_is_not_slowed_down() {
    // A nested setTimeout takes 4 ms each from the fifth on.
    let log = Log::default();
    let slot: Rc<std::cell::OnceCell<Timer>> = Rc::default();
    let (again, count) = (Rc::downgrade(&slot), log.clone());
    let timer = Timer::new(move || {
        count.push(());
        if let Some(slot) = again.upgrade()
            && count.len() < 50
            && let Some(timer) = slot.get()
        {
            timer.set(0);
        }
    });
    assert!(slot.set(timer).is_ok());
    let start = now();
    slot.get().unwrap().set(0);
    until("50 wakes", || log.len() == 50).await;
    let took = now() - start;
    assert!(took < 150, "{took} ms");
}

#[wasm_bindgen_test]
async fn the_deadline_that_was_set_last_holds() {
    let log = Log::default();
    let timer = timer(&log, "woke");
    let start = now();
    timer.set(10);
    timer.set(80);
    sleep(40).await;
    assert_eq!(log.len(), 0, "the first deadline was taken back");
    until("the second", || log.len() == 1).await;
    assert!(now() - start >= 80);
    timer.set(10);
    timer.set(-1);
    sleep(40).await;
    assert_eq!(log.len(), 1, "the third was taken back");
    timer.set(10);
    until("it can be set again", || log.len() == 2).await;
}

#[wasm_bindgen_test]
async fn what_was_due_and_is_put_off_does_not_come_early() {
    let log = Log::default();
    let timer = timer(&log, "woke");
    let start = now();
    timer.set(0);
    timer.set(80);
    sleep(40).await;
    assert_eq!(log.len(), 0, "the macrotask was for the first deadline");
    until("the second", || log.len() == 1).await;
    assert!(now() - start >= 80);
    sleep(40).await;
    assert_eq!(log.len(), 1, "once");
}

#[wasm_bindgen_test]
async fn what_was_due_and_is_taken_back_is_silent() {
    let log = Log::default();
    let timer = timer(&log, "woke");
    timer.set(0);
    timer.set(-1);
    sleep(30).await;
    assert_eq!(log.len(), 0);
}

#[wasm_bindgen_test]
async fn a_dropped_timer_is_silent() {
    let log = Log::default();
    let (due, later) = (timer(&log, "due"), timer(&log, "later"));
    due.set(0);
    later.set(10);
    drop((due, later));
    sleep(50).await;
    assert_eq!(log.entries(), Vec::<&str>::new());
}

#[wasm_bindgen_test]
async fn the_clock_agrees_with_the_page() {
    let before = run("return performance.now()", &JsValue::NULL).as_f64().unwrap();
    let read = now();
    assert!(read >= before as u64 && read <= before as u64 + 1000, "{read} {before}");
    wait_for("return new Promise((done) => setTimeout(done, 20))", &JsValue::NULL).await;
    assert!(now() >= read + 19);
}

#[wasm_bindgen_test]
async fn a_jump_of_the_wall_clock_is_told_once_and_before_the_wake() {
    let log = Log::default();
    let heard = log.clone();
    let timer = ShellTimer::new(&report(move |input| {
        heard.push(match input {
            Input::Timeout => "due",
            Input::Page(PageEvent::Woke) => "woke",
            _ => "other",
        });
    }));
    run("globalThis.realNow = Date.now", &JsValue::NULL);
    let mut expected = Vec::new();
    for (by, is_jump) in [(0, false), (1_000, false), (3_500, true), (-3_600_000, true), (-3_600_000, false)]
    {
        run("Date.now = () => realNow() + given", &by.into());
        timer.set(Some(10));
        if is_jump {
            expected.push("woke");
        }
        expected.push("due");
        until("the timer", || log.len() >= expected.len()).await;
        assert_eq!(log.entries(), expected, "{by}");
    }
    run("Date.now = realNow", &JsValue::NULL);
}

#[wasm_bindgen_test]
async fn a_page_that_is_seen_is_woken_now_and_then() {
    let log = Log::default();
    let start = now();
    let seen = timer(&log, "seen");
    seen.set(60_000);
    run("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })", &JsValue::NULL);
    let hidden = timer(&log, "hidden");
    hidden.set(60_000);
    run("delete document.hidden", &JsValue::NULL);
    until("a look at the clocks", || log.len() > 0).await;
    assert!((2_000..4_000).contains(&(now() - start)), "{}", now() - start);
    sleep(300).await;
    assert_eq!(log.entries(), ["seen"]);
}
