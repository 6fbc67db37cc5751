// Two pages with a plain RTCPeerConnection each, `window.pc`, without Signalpost: the test carries the signals from one page to
// the other.

/** Gives the page a connection with a data channel, and a function that makes tracks. */
export const arm = (page) =>
  page.evaluate(() => {
    window.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    window.heard = [];
    window.found = [];
    window.channel = pc.createDataChannel("plain", { negotiated: true, id: 0 });
    channel.onmessage = ({ data }) => heard.push(data);
    pc.onicecandidate = ({ candidate }) => candidate?.candidate && found.push(candidate.toJSON());
    window.made = async (description) => ((description) => ({ type: description.type, sdp: description.sdp }))(await description);
    window.picture = () => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d").fillRect(0, 0, 9, 9);
      return canvas.captureStream(5).getVideoTracks()[0];
    };
    window.sound = () => new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
  });

const set = (page, description) => page.evaluate("(description) => pc.setRemoteDescription(description)", description);
const describe = (page) => page.evaluate("pc.setLocalDescription().then(() => made(pc.localDescription))");

/** Carries candidates for a while. */
async function trickle(...pages) {
  for (let time = 0; time < 6; time += 1) {
    await new Promise((done) => setTimeout(done, 50));
    for (const [at, page] of pages.entries()) {
      const found = await page.evaluate("found.splice(0)");
      await pages[1 - at].evaluate("async (all) => { for (const one of all) await pc.addIceCandidate(one).catch(() => {}); }", found);
    }
  }
}

/** The page takes an offer up; returns its answer. */
export async function answers(page, offer) {
  await set(page, offer);
  return describe(page);
}

/** One page offers in the usual order: the offer is set, sent, and answered. */
export async function offers(from, to) {
  await set(from, await answers(to, await describe(from)));
  await trickle(from, to);
}

/** One page holds its offer: it creates and sends the offer, and sets it when the answer is there. */
export async function offersHeld(from, to) {
  const offer = await from.evaluate("made(pc.createOffer())");
  const answer = await answers(to, offer);
  await from.evaluate("(offer) => pc.setLocalDescription(offer)", offer);
  await set(from, answer);
  await trickle(from, to);
}

/** Sends a word from each side over the data channel; returns "both heard" or "lost". */
export async function talk(...pages) {
  for (const page of pages) await page.evaluate("void (heard.length = 0)");
  // A channel that is about to be lost may still say that it is open.
  await new Promise((done) => setTimeout(done, 500));
  for (let left = 30; left > 0; left -= 1) {
    for (const page of pages) await page.evaluate("channel.readyState === 'open' && channel.send('word')");
    await new Promise((done) => setTimeout(done, 100));
    const words = await Promise.all(pages.map((page) => page.evaluate("heard.length")));
    if (words.every((count) => count > 0)) return "both heard";
  }
  return "lost";
}
