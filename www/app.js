// The demo of Signalpost: joins the room in the address and connects to everyone in it.
import { SignalingClient } from "/package/signalpost.js";
import { Chart } from "./chart.js";
import { Chat } from "./chat.js";
import { acceptFiles } from "./file_drop.js";
import { Files } from "./files.js";
import { showInvitation } from "./invitation.js";
import { showLanding } from "./landing.js";
import { LinkView } from "./link.js";
import { Logbook } from "./logbook.js";
import { Media } from "./media.js";
import { connectMediaButtons } from "./media_buttons.js";
import { Mesh } from "./mesh.js";
import { hideName, ownName } from "./own_name.js";
import { CuttableTransport } from "./socket_cut.js";
import { ownTile } from "./tile.js";
import { dismissLast, explained, settled, toast } from "./toast.js";
import { Views } from "./views.js";

const AGAIN_MS = 2_000;
/** Codes that the page handles by itself, so that it shows no notice. */
const HANDLED = new Set(["aborted", "closed", "connection-gone"]);

const find = (selector) => document.querySelector(selector);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the page: opens the room of `?room=`, or offers a room. `?name=` and `?peer=` set the person's name and peer id. */
export async function start() {
  const query = new URLSearchParams(location.search);
  const room = (query.get("room") ?? "").trim();
  const name = ownName(query);
  window.addEventListener("keydown", ({ key, isComposing }) => key === "Escape" && !isComposing && dismissLast());
  if (!room) {
    showLanding(name);
    return;
  }
  hideName();
  await enter(room, name, query.get("peer") || undefined);
}

async function enter(roomName, name, peerId) {
  const logbook = new Logbook();
  const write = (text, tone) => logbook.write(text, tone);
  const transport = new CuttableTransport();
  const link = new LinkView(transport, write);
  showRoom(roomName);
  let client;
  try {
    client = new SignalingClient("/signal", {
      peerId,
      metadata: { name },
      capabilities: ["data", "audio", "video"],
      transport: transport.open,
    });
  } catch (error) {
    fail(link, error);
    return;
  }
  window.signalpost = client;

  const views = new Views();
  const chart = new Chart({ id: client.peerId, name });
  const chat = new Chat(name);
  const files = new Files({ chat, notice: toast });
  const media = new Media();
  const own = ownTile(client.peerId, name);
  find("#own-place").append(own.element);
  connectMediaButtons(media, own);
  acceptFiles((dropped) => files.send(dropped));
  chat.addEventListener("arrived", () => views.arrived());
  chat.addEventListener("went", ({ detail }) => chart.pulse(detail.id, detail.outwards));

  const report = (error, id = error.context?.peerId) => {
    if (HANDLED.has(error.code) || (error.code === "peer-not-found" && id !== undefined && !mesh.isHere(id))) return;
    toast(id === undefined ? "Something did not work" : `No connection to ${mesh.nameOf(id)}`, {
      error,
      about: id === undefined ? "" : `peer ${id}`,
    });
  };
  const changed = () => {
    showCount(mesh.size, roomName);
    chart.peers = mesh.members;
  };
  const mesh = new Mesh({ client, chat, files, media, report, write, changed, connected: (id) => settled(`peer ${id}`) });
  find("[data-testid=restart-all]").addEventListener("click", () => mesh.restartAll());

  let isLeft = false;
  client.addEventListener("error", ({ error }) => isLeft || report(error));
  client.addEventListener("statechange", ({ state, reason }) => {
    if (isLeft) return;
    link.show(state, reason);
    chart.link = state;
    if (state === "closed") {
      mesh.stop();
      if (reason) link.end(`The server ended this link (${reason}).`);
    }
  });
  client.addEventListener("resume", ({ resumed, reason }) => isLeft || link.resume(resumed, reason));
  // A page that may come back from the cache has left the call too: Firefox says of every page that it may.
  // Firefox stops scripts that take long here, so the page draws nothing any more.
  window.addEventListener("pagehide", () => {
    isLeft = true;
    mesh.leave();
    client.close();
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && client.state === "closed") location.reload();
  });
  await join(client, roomName, mesh, link);
}

/** Tries until the client is in the room, or until it can never enter it. */
async function join(client, roomName, mesh, link) {
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
      toast("This page cannot reach the room yet", { error, about: "room" });
      await sleep(AGAIN_MS);
    }
  }
}

function fail(link, error) {
  const { code, remedy } = explained(error);
  if (code === "closed") return;
  link.end(`${code}: ${remedy}`, "Choose another room", "/");
}

function showRoom(roomName) {
  document.body.classList.add("in-room");
  find("#room-name").textContent = roomName;
  for (const id of ["#sign", "#status", "#call"]) find(id).hidden = false;
  showInvitation(roomName);
  showCount(0, roomName);
}

function showCount(peers, roomName) {
  find("#empty").hidden = peers > 0;
  find("#call").dataset.peers = peers;
  find("[data-testid=restart-all]").setAttribute("aria-disabled", String(peers === 0));
  document.title = `${peers === 0 ? "" : `(${peers + 1}) `}${roomName} · Signalpost`;
}
