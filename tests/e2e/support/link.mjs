// A client's link to the server that a test controls.

/** In a page: `start(options)` makes `window.client` with a link that the test can watch (`sent`, `received`), change (`rewrite`), mute and cut. */
export const equipLink = (page) =>
  page.evaluate(() => {
    window.sent = [];
    window.received = [];
    window.rewrite = (frame) => frame;
    window.isMute = false;
    const transport = (url) => {
      const socket = new WebSocket(url);
      const link = {
        send: (text) => {
          const frame = JSON.parse(text);
          sent.push(frame);
          if (!isMute) socket.send(JSON.stringify(rewrite(frame)));
        },
        close: (code) => socket.close(code),
      };
      socket.onopen = (event) => link.onopen(event);
      socket.onmessage = (event) => {
        received.push(JSON.parse(event.data));
        if (!isMute) link.onmessage(event);
      };
      socket.onclose = (event) => link.onclose?.(event);
      window.cut = () => {
        const { onclose } = link;
        link.onclose = null;
        socket.close();
        onclose({ code: 1006 });
      };
      return link;
    };
    window.start = (options) => {
      window.client = new signalpostModule.SignalingClient("/signal", { ...options, transport });
      window.heard = [];
      client.addEventListener("statechange", ({ state, reason }) => heard.push(reason ? `${state} ${reason}` : state));
      return client.connect();
    };
  });
