// `session.storage`: the identity of a page after a reload, and the identity of a second page. In both browsers, against a real server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

let names = 0;
const fresh = (name) => `${name}-keep-${++names}`;

/** Opens a page with `start(options)`, which returns a connected client and the record of its states. */
const inPage = (kind, body) =>
  withPages(world.pick(kind), [blank(world.server)], async (page) => {
    // Some browsers give a new tab the storage of the tab before.
    await page.evaluate("void (sessionStorage.clear(), localStorage.clear())");
    await equip(page);
    await body(page);
  });

async function equip(page) {
  await loadModule(page);
  await page.evaluate(() => {
    window.clients = [];
    window.start = async (options, url = "/signal") => {
      const client = new signalpostModule.SignalingClient(url, options);
      const heard = [];
      client.addEventListener("statechange", ({ state, reason }) => heard.push(reason ? `${state} ${reason}` : state));
      clients.push({ client, heard });
      await client.connect();
      return client;
    };
    window.stored = (area) => Object.entries(area).filter(([name]) => name.startsWith("signalpost "));
  });
}

/** Reloads the page in the same tab. */
async function reload(page) {
  await page.evaluate(() => void setTimeout(() => location.reload()));
  await page.waitFor("window.start === undefined && document.readyState === 'complete'", null, { what: "the page anew" });
  await equip(page);
}

const idOf = (page, options) => page.evaluate((options) => start(options).then(({ peerId }) => peerId), options);

for (const kind of ["chromium", "firefox"]) {
  describe(`session.storage in ${kind}`, () => {
    test("none: nothing is stored, and each page is another peer", () =>
      inPage(kind, async (page) => {
        const first = await idOf(page, { session: { storage: "none" }, background: "keep" });
        assert.deepEqual(await page.evaluate("[...stored(sessionStorage), ...stored(localStorage)]"), []);
        await reload(page);
        assert.notEqual(await idOf(page, {}), first);
      }));

    test("tab: the page that is loaded anew is the same peer, with a peerId or without", () =>
      inPage(kind, async (page) => {
        const ada = fresh("ada");
        const options = [{ session: { storage: "tab" } }, { session: { storage: "tab" }, peerId: ada }];
        const before = [await idOf(page, options[0]), await idOf(page, options[1])];
        assert.equal(before[1], ada);
        for (let times = 0; times < 2; times += 1) {
          await reload(page);
          assert.deepEqual([await idOf(page, options[0]), await idOf(page, options[1])], before);
        }
        assert.equal(await page.evaluate("stored(sessionStorage).length"), 2);
        assert.deepEqual(await page.evaluate("stored(localStorage)"), []);
        const pages = await page.evaluate("stored(sessionStorage).map(([, text]) => JSON.parse(text)[2])");
        assert.deepEqual(pages, [3, 3], "the server is to know the hello of a page that is gone");
      }));

    test("tab, origin: the query is no part of who one is, and no secret of the address is stored", () =>
      inPage(kind, async (page) => {
        const idAt = (url, options) => page.evaluate(([url, options]) => start(options, url).then(({ peerId }) => peerId), [url, options]);
        for (const storage of ["tab", "origin"]) {
          for (const options of [{ session: { storage } }, { session: { storage }, peerId: fresh("ada") }]) {
            const before = await idAt("/signal?token=secret1", options);
            await reload(page);
            assert.equal(await idAt("/signal?token=secret2", options), before, storage);
            await page.evaluate("clients.forEach(({ client }) => client.close())");
          }
        }
        const texts = await page.evaluate("JSON.stringify([sessionStorage, localStorage])");
        assert.doesNotMatch(texts, /secret|token/);
        assert.deepEqual(await page.evaluate("[stored(sessionStorage).length, stored(localStorage).length]"), [2, 2]);
      }));

    test("tab: who finds the place taken is a peer of its own, and the first lives", () =>
      inPage(kind, async (page) => {
        const told = await page.evaluate(async () => {
          const first = await start({ session: { storage: "tab" } });
          // A duplicated tab has a copy of the storage; here it is the same.
          const second = await start({ session: { storage: "tab" } });
          return { ids: new Set([first.peerId, second.peerId]).size, states: [first.state, second.state], heard: clients[0].heard };
        });
        assert.deepEqual(told, { ids: 2, states: ["connected", "connected"], heard: ["connecting", "connected"] });
      }));

    test("tab: a client that is closed makes room for the next at once", () =>
      inPage(kind, async (page) => {
        const same = await page.evaluate(async () => {
          const first = await start({ session: { storage: "tab" } });
          first.close();
          const second = await start({ session: { storage: "tab" } });
          return first.peerId === second.peerId;
        });
        assert.equal(same, true);
      }));

    test("tab: the next page has the id at once, although the server never heard of the end of the one before", () =>
      inPage(kind, async (page) => {
        const codes = await page.evaluate(async (peerIds) => {
          /** Leaves behind what a killed page does: a socket that is silent for ever. */
          const vanish = async (options) => {
            let isDead = false;
            const transport = (url) => {
              const socket = new WebSocket(url);
              const link = { send: (text) => isDead || socket.send(text), close: () => {} };
              socket.onopen = (event) => link.onopen(event);
              socket.onmessage = (event) => link.onmessage?.(event);
              return link;
            };
            const client = await start({ ...options, transport });
            // From its first acknowledgement on, only the newest key is valid.
            await (await client.join("keep")).leave();
            isDead = true;
            client.close();
          };
          const codes = [];
          for (const [at, storage] of ["none", "tab", "origin"].entries()) {
            const options = { peerId: peerIds[at], session: { storage } };
            for (let times = 0; times < 2; times += 1) {
              const came = await vanish(options).then(
                () => "connected",
                ({ code }) => code,
              );
              codes.push(`${storage} ${came}`);
            }
          }
          return codes;
        }, ["ada", "bob", "eve"].map(fresh));
        assert.deepEqual(codes, [
          "none connected",
          "none peer-id-taken",
          "tab connected",
          "tab connected",
          "origin connected",
          "origin connected",
        ]);
      }));

    test("tab: where there are no Web Locks, the newest page with this id has it", () =>
      inPage(kind, async (page) => {
        const told = await page.evaluate(async () => {
          Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
          const first = await start({ session: { storage: "tab" } });
          const second = await start({ session: { storage: "tab" } });
          while (first.state === "connected") await new Promise((done) => setTimeout(done, 10));
          return { same: first.peerId === second.peerId, heard: clients[0].heard, state: second.state };
        });
        assert.deepEqual(told, { same: true, heard: ["connecting", "connected", "idle superseded"], state: "connected" });
      }));

    test("origin: the newest page with this id has it, and the older is told", () =>
      inPage(kind, async (page) => {
        const peerId = fresh("ada");
        for (let times = 1; times < 4; times += 1) {
          await idOf(page, { peerId, session: { storage: "origin" } });
          await page.waitFor(() => clients.filter(({ client }) => client.state === "connected").length === 1, null, {
            what: "the older to be told",
          });
          const heard = await page.evaluate("clients.map(({ heard }) => heard.at(-1))");
          assert.deepEqual(heard, [...Array(times - 1).fill("idle superseded"), "connected"]);
        }
        assert.deepEqual(await page.evaluate("[stored(sessionStorage).length, stored(localStorage).length]"), [0, 1]);
      }));

    test("origin: the older is refused as long as the newest lives", () =>
      inPage(kind, async (page) => {
        const options = { peerId: fresh("ada"), session: { storage: "origin" } };
        await idOf(page, options);
        await idOf(page, options);
        await page.waitFor("clients[0].client.state === 'idle'");
        // Until the newest page has acknowledged its `welcome`, the key before it is valid too.
        await page.evaluate("clients[1].client.join('keep').then((room) => room.leave())");
        const connect = () => page.evaluate(() => clients[0].client.connect().catch(({ code }) => code));
        assert.deepEqual([await connect(), await page.evaluate("clients[1].client.state")], ["peer-id-taken", "connected"]);
        await page.evaluate("clients[1].client.close()");
        assert.deepEqual([await connect(), await page.evaluate("clients[0].client.state")], [null, "connected"]);
      }));

    test("none: who has the id keeps it, and the second is refused", () =>
      inPage(kind, async (page) => {
        const peerId = fresh("ada");
        await idOf(page, { peerId });
        assert.equal(await page.evaluate((options) => start(options).catch(({ code }) => code), { peerId }), "peer-id-taken");
        assert.deepEqual(await page.evaluate("clients[0].heard"), ["connecting", "connected"]);
      }));

    const FAULTS = {
      "that may not be used": () => {
        for (const name of ["sessionStorage", "localStorage"]) {
          Object.defineProperty(window, name, {
            get() {
              throw new DOMException("no", "SecurityError");
            },
          });
        }
      },
      "that there is none of": () => {
        for (const name of ["sessionStorage", "localStorage"]) Object.defineProperty(window, name, { value: null });
      },
      "that is full": () => {
        for (const area of [sessionStorage, localStorage]) {
          for (let size = 1 << 23; size >= 1; size >>= 1) {
            try {
              for (let count = 0; ; count += 1) area.setItem(`fill ${size} ${count}`, "x".repeat(size));
            } catch {
              // As much as fits.
            }
          }
        }
      },
    };
    for (const [name, break_] of Object.entries(FAULTS)) {
      test(`a storage ${name} harms nobody`, () =>
        inPage(kind, async (page) => {
          await page.evaluate(break_);
          for (const storage of ["tab", "origin"]) {
            assert.equal(
              await page.evaluate((storage) => start({ session: { storage } }).then(({ state }) => state), storage),
              "connected",
            );
          }
          await page.evaluate(() => {
            try {
              sessionStorage.clear();
              localStorage.clear();
            } catch {
              // The page cannot use its storage.
            }
          });
        }));
    }

    test("what others wrote there harms nobody", () =>
      inPage(kind, async (page) => {
        const key = "0123456789abcdef0123456789abcdef";
        const wrong = [
          "",
          "x",
          "null",
          "5",
          "{}",
          "[]",
          '["a"]',
          `["",${JSON.stringify(key)}]`,
          `[5,${JSON.stringify(key)}]`,
          '["a",5]',
          '["a","short"]',
          '["a","zwölf Zeichen und mehr"]',
          `["",${JSON.stringify(key)},1e9]`,
          `["a\\u0000",${JSON.stringify(key)}]`,
          JSON.stringify(["a", "k".repeat(65)]),
        ];
        const states = await page.evaluate(async (wrong) => {
          const name = `signalpost ${location.origin.replace("http", "ws")}/signal `;
          const states = [];
          for (const text of wrong) {
            sessionStorage.setItem(name, text);
            const client = await start({ session: { storage: "tab" } });
            const [id] = JSON.parse(sessionStorage.getItem(name));
            states.push(id === client.peerId && id !== "a" ? client.state : `${client.state} ${id} ${client.peerId}`);
            client.close();
          }
          return states;
        }, wrong);
        assert.deepEqual(
          states,
          wrong.map(() => "connected"),
        );
      }));

    test("a page that finds a count of pages beyond all counts comes back all the same", () =>
      inPage(kind, async (page) => {
        const resumed = await page.evaluate(async (id) => {
          const name = `signalpost ${location.origin.replace("http", "ws")}/signal `;
          const found = [];
          for (const pages of [65534, 65535, 2 ** 32 - 1, 1e300]) {
            sessionStorage.setItem(name, JSON.stringify([`${id}${pages}`, `${id}-${pages}`.padEnd(32, "k"), pages]));
            let socket;
            const client = await start({ session: { storage: "tab" }, transport: (url) => (socket = new WebSocket(url)) });
            const back = new Promise((done) => {
              client.addEventListener("resume", (event) => done(event.resumed));
              setTimeout(() => done(client.state), 5000);
            });
            socket.close();
            found.push(await back);
            client.close();
          }
          return found;
        }, fresh("ada"));
        assert.deepEqual(resumed, [true, true, true, true]);
      }));
  });
}
