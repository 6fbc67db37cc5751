// Scripts for a page that has its own client: `window.client`, and `window.heard`, the order of its events.

/** The empty page of the server's origin in which these tests work. */
export const blank = (server) => `${server.origin}/livez`;

/**
 * Loads the package as a page does, by a script: `window.signalpostModule`. WebDriver runs its scripts in another realm,
 * where no error of the browser is an `Error`.
 */
export const loadModule = (page) =>
  page.evaluate(async () => {
    if (window.signalpostModule) return;
    const script = document.createElement("script");
    script.type = "module";
    script.textContent =
      'import * as it from "/package/signalpost.js"; window.signalpostModule = it; window.dispatchEvent(new Event("loaded-module"))';
    const loaded = new Promise((done) => addEventListener("loaded-module", done, { once: true }));
    document.documentElement.append(script);
    await loaded;
  });

/** Runs a source in the page's own realm, as a script of the page. */
export const inject = (page, source) =>
  page.evaluate((source) => {
    const script = document.createElement("script");
    script.textContent = source;
    document.documentElement.append(script);
  }, source);

/** Makes `window.client` and connects it; `options` are those of `SignalingClient`. */
export const startClient = async (page, options = {}) => {
  await loadModule(page);
  await page.evaluate(async (options) => {
    const client = new signalpostModule.SignalingClient("/signal", options);
    window.client = client;
    window.heard = [];
    window.failures = [];
    client.addEventListener("statechange", ({ state, reason }) => heard.push(`${state}${reason && ` ${reason}`}`));
    client.addEventListener("error", ({ error }) => failures.push(error.message));
    await client.connect();
  }, options);
};

/** Runs `body` in the page; returns `{ code, message, retryable, context, ms }` of the error that it threw, or `{ value }`. */
export const outcome = (page, body, arg) =>
  page.evaluate(
    `async () => {
      const began = performance.now();
      try {
        return { value: (await (${body})(${JSON.stringify(arg ?? null)})) ?? null, ms: performance.now() - began };
      } catch (error) {
        const { name, code, message, retryable, context } = error;
        return { name, code, message, retryable, context, ms: performance.now() - began };
      }
    }`,
  );

/** Source of a page's function `instant(at)`, which resolves at that time of the wall clock, which all processes share. */
export const INSTANT = `async (at) => {
  const left = at - Date.now() - 6;
  if (left > 0) await new Promise((done) => setTimeout(done, left));
  while (Date.now() < at);
  return Date.now() - at;
}`;

/** Gives the page the functions that the tests of connections use: `instant`, `picture`, and `trace`, the last events. */
export const equip = (page) =>
  page.evaluate(`() => {
    window.instant = ${INSTANT};
    window.trace = [];
    for (const name of ["createOffer", "setLocalDescription", "setRemoteDescription"]) {
      const native = RTCPeerConnection.prototype[name];
      RTCPeerConnection.prototype[name] = function (...given) {
        const entry = { at: Math.round(performance.now()), name, type: given[0]?.type, from: this.signalingState };
        trace.push(entry);
        trace.splice(0, trace.length - 40);
        const promise = native.apply(this, given);
        const done = (more) => Object.assign(entry, { to: this.signalingState, ms: Math.round(performance.now()) - entry.at }, more);
        promise.then(() => done({}), (error) => done({ error: String(error), sdp: given[0]?.sdp }));
        return promise;
      };
    }
    const note = (name, candidate, more) =>
      trace.push({ at: Math.round(performance.now()), name, ufrag: candidate?.usernameFragment, candidate: candidate?.candidate, ...more });
    const add = RTCPeerConnection.prototype.addIceCandidate;
    RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
      const promise = add.call(this, candidate);
      note("addIceCandidate", candidate);
      promise.catch((error) => note("addIceCandidate", candidate, { error: String(error) }));
      return promise;
    };
    const watched = new WeakSet();
    const watch = (connection) => {
      if (watched.has(connection)) return;
      watched.add(connection);
      connection.addEventListener("icecandidate", ({ candidate }) => note("icecandidate", candidate));
      for (const what of ["connection", "iceConnection", "iceGathering"]) {
        connection.addEventListener(what.toLowerCase() + "statechange", () => note(connection[what + "State"], undefined, { what }));
      }
    };
    const describe = RTCPeerConnection.prototype.setLocalDescription;
    RTCPeerConnection.prototype.setLocalDescription = function (...given) {
      watch(this);
      return describe.apply(this, given);
    };
    // A track with moving pictures, without a device.
    window.picture = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [64, 48];
      const context = canvas.getContext("2d");
      let shade = 0;
      const draw = () => {
        context.fillStyle = "hsl(" + (shade += 7) + " 90% 50%)";
        context.fillRect(0, 0, 64, 48);
      };
      draw();
      const [track] = canvas.captureStream(15).getVideoTracks();
      const timer = setInterval(() => (track.readyState === "live" ? draw() : clearInterval(timer)), 66);
      return track;
    };
  }`);
