// The demo of Signalpost: joins the room in the address and connects to everyone in it.
import { SignalingClient } from "/package/signalpost.js";
import { Chat } from "./chat.js";
import { showLanding } from "./landing.js";
import { LinkView } from "./link.js";
import { Media, testPicture } from "./media.js";
import { Mesh } from "./mesh.js";
import { personName } from "./names.js";
import { ownTile } from "./tile.js";
import { explained, settled, toast } from "./toast.js";

const AGAIN_MS = 2_000;
/** What the page deals with by itself, so that nobody needs to read it. */
const HANDLED = new Set(["aborted", "closed", "connection-gone"]);

const find = (selector) => document.querySelector(selector);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the page: the room of `?room=`, or the offer of one. `?name=` and `?peer=` say who one is. */
export async function start() {
  const query = new URLSearchParams(location.search);
  const room = (query.get("room") ?? "").trim();
  const name = (query.get("name") ?? "").replace(/\s+/g, " ").trim().slice(0, 40);
  if (room) await enter(room, name || personName(), query.get("peer") || undefined);
  else showLanding(name);
}

async function enter(roomName, name, peerId) {
  const link = new LinkView();
  showRoom(roomName, name);
  let client;
  try {
    client = new SignalingClient("/signal", { peerId, metadata: { name }, capabilities: ["data", "audio", "video"] });
  } catch (error) {
    fail(link, error);
    return;
  }
  window.signalpost = client;

  const chat = new Chat(name);
  const media = new Media();
  const own = ownTile(client.peerId, name);
  find("#own-place").append(own.element);
  const report = (error, id = error.context?.peerId) => {
    if (HANDLED.has(error.code) || (error.code === "peer-not-found" && id !== undefined && !mesh.isHere(id))) return;
    toast(id === undefined ? "That did not work" : `No connection to ${mesh.nameOf(id)}`, { error, about: id === undefined ? "" : `peer ${id}` });
  };
  const mesh = new Mesh({ client, chat, media, report, changed: () => showCount(mesh.size, roomName), connected: (id) => settled(`peer ${id}`) });
  showMedia(media, own);

  client.addEventListener("error", ({ error }) => report(error));
  client.addEventListener("statechange", ({ state, reason }) => {
    link.show(state);
    if (state === "closed") {
      mesh.stop();
      if (reason) link.end(`The server ended this link (${reason}).`);
    }
  });
  // Also a page that may come back from the cache has left the call: Firefox says so of every page.
  window.addEventListener("pagehide", () => client.close());
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && client.state === "closed") location.reload();
  });

  for (;;) {
    try {
      await client.connect();
      mesh.enter(await client.join(roomName));
      settled("room");
      return;
    } catch (error) {
      if (client.state === "closed" || !error.retryable) {
        fail(link, error);
        return;
      }
      toast("The room cannot be reached yet", { error, about: "room" });
      await sleep(AGAIN_MS);
    }
  }
}

function fail(link, error) {
  const { code, remedy } = explained(error);
  if (code === "closed") return;
  link.end(`${code}: ${remedy}`, "Choose another room", "/");
}

function showRoom(roomName, name) {
  const address = new URL("/", location.href);
  address.searchParams.set("room", roomName);
  document.body.classList.add("in-room");
  find("#room-name").textContent = roomName;
  find("#own-name").textContent = name;
  find("#address").textContent = address.href;
  find("#another").href = address.href;
  for (const id of ["#sign", "#status", "#call"]) find(id).hidden = false;
  for (const button of document.querySelectorAll("[data-action=copy]")) button.addEventListener("click", () => copy(address.href));
  showCount(0, roomName);
}

function showCount(peers, roomName) {
  find("#empty").hidden = peers > 0;
  find("#call").dataset.peers = peers;
  document.title = `${peers === 0 ? "" : `(${peers + 1}) `}${roomName} · Signalpost`;
}

async function copy(address) {
  try {
    await navigator.clipboard.writeText(address);
    toast("The link is copied. Open it in another tab, or send it to somebody.");
  } catch {
    getSelection().selectAllChildren(find("#address"));
    toast(`Copy this link: ${address}`);
  }
}

function showMedia(media, own) {
  const buttons = { audio: find("#microphone"), video: find("#camera") };
  const names = { audio: "microphone", video: "camera" };
  for (const [kind, button] of Object.entries(buttons)) {
    button.addEventListener("click", async () => {
      button.setAttribute("aria-busy", "true");
      try {
        await media.toggle(kind);
      } catch (error) {
        const instead = kind === "video" ? { label: "Send a test picture instead", run: () => media.use(testPicture()) } : undefined;
        toast(`The ${names[kind]} stays off`, { error, action: instead });
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  }
  media.addEventListener("change", () => {
    for (const [kind, button] of Object.entries(buttons)) button.setAttribute("aria-pressed", String(media.tracks[kind] !== undefined));
    own.show(media);
  });
  media.addEventListener("lost", ({ detail }) => toast(`The ${names[detail]} was taken away`));
}
