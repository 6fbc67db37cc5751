// Notices that come and go. Every notice about a failure names its code and what helps.

const SHOWN_MS = 12_000;
const MOST = 4;

/** What helps when the browser, and not Signalpost, refused. */
const MEDIA_REMEDIES = {
  NotAllowedError: "the browser did not allow it: permit it when the browser asks, or in the address bar, then press the button again",
  NotFoundError: "no such device was found: plug one in, then press the button again",
  AbortError: "the browser or the device gave up: press the button again",
  NotReadableError: "another program uses the device: close that program first",
  OverconstrainedError: "the device cannot do what the page asked for",
  SecurityError: "the page must come from https or from localhost",
};

/** Returns { code, remedy } for any error. */
export function explained(error) {
  if (error?.name === "SignalingError") {
    const remedy = error.message.startsWith(`${error.code}: `) ? error.message.slice(error.code.length + 2) : error.message;
    return { code: error.code, remedy };
  }
  const code = error?.name ?? "Error";
  return { code, remedy: MEDIA_REMEDIES[code] ?? error?.message ?? String(error) };
}

/** Shows a notice, and the same notice only once at a time. `about` is the name for `settled()`. `action`: { label, run }. */
export function toast(title, { error, action, about = "" } = {}) {
  const { code = "", remedy = "" } = error === undefined ? {} : explained(error);
  const list = document.querySelector("#toasts");
  const key = `${title}\n${code}`;
  if ([...list.children].some((shown) => shown.dataset.key === key)) return;
  const notice = document.createElement("div");
  notice.className = error === undefined ? "toast" : "toast failure";
  notice.dataset.key = key;
  notice.dataset.about = about;
  const text = document.createElement("div");
  const heading = document.createElement("p");
  heading.className = "toast-title";
  heading.textContent = title;
  text.append(heading);
  if (remedy) {
    const body = document.createElement("p");
    const label = document.createElement("code");
    label.textContent = code;
    body.append(label, ` ${remedy}`);
    text.append(body);
  }
  const close = () => notice.remove();
  const act = () => {
    close();
    action.run();
  };
  if (action) text.append(button("button", action.label, act));
  const dismiss = button("quiet square", "×", close);
  dismiss.setAttribute("aria-label", "Dismiss");
  notice.append(text, dismiss);
  list.append(notice);
  while (list.childElementCount > MOST) list.firstElementChild.remove();
  goesBy(notice, action ? 2 * SHOWN_MS : SHOWN_MS);
}

/** Removes the newest notice. */
export function dismissLast() {
  document.querySelector("#toasts").lastElementChild?.remove();
}

/** Removes the notices about something that works again. */
export function settled(about) {
  for (const notice of document.querySelectorAll("#toasts .failure")) if (notice.dataset.about === about) notice.remove();
}

function button(className, label, run) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = label;
  element.addEventListener("click", run);
  return element;
}

/** Removes a notice after a while, but not while the pointer or the keyboard's focus is on it. */
function goesBy(notice, ms) {
  const leave = () => (notice.matches(":hover, :focus-within") ? setTimeout(leave, 2_000) : notice.remove());
  setTimeout(leave, ms);
}
