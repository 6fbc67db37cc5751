// The few WebDriver commands that the harness needs, over a Unix socket.
import http from "node:http";

export class WebDriver {
  #socket;
  #host;
  #agent = new http.Agent({ keepAlive: true });

  constructor(socket, port) {
    this.#socket = socket;
    this.#host = `127.0.0.1:${port}`;
  }

  /** Sends one command; returns its value, or throws an error with WebDriver's own name for it. */
  request(method, path, body, { timeoutMs = 120_000 } = {}) {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = { host: this.#host };
      if (text !== undefined) Object.assign(headers, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
      const request = http.request({ socketPath: this.#socket, agent: this.#agent, method, path, headers }, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => {
          try {
            const { value } = JSON.parse(Buffer.concat(chunks).toString());
            if (value?.error) reject(new Error(`${value.error}: ${value.message}`));
            else resolve(value);
          } catch {
            reject(new Error(`WebDriver ${method} ${path}: not JSON`));
          }
        });
      });
      request.on("error", reject);
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`WebDriver ${method} ${path}: no answer in ${timeoutMs} ms`)));
      request.end(text);
    });
  }

  close() {
    this.#agent.destroy();
  }
}
