// A browser without a window, driven over a pipe by the DevTools protocol
// (https://chromedevtools.github.io/devtools-protocol/).

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

// A busy machine takes long.
const PATIENCE_MS = 120_000;

// `CHROMIUM`, or the browser on the path; undefined without one.
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((program) => existsSync(program));
}

export class Chromium {
  #child;
  #profile = mkdtempSync(join(tmpdir(), "clstm-demo-"));
  #waiting = new Map();
  #events = [];
  #next = 1;

  // `microphone` is a WAV file that the microphone plays in a loop.
  constructor(program, microphone) {
    this.#child = spawn(program, [
      "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--mute-audio",
      // The only page is our own; the sandbox needs rights that a container does not give.
      "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${microphone}`,
      `--user-data-dir=${this.#profile}`, "about:blank",
    ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    let rest = "";
    this.#child.stdio[4].setEncoding("utf8").on("data", (data) => {
      const messages = (rest + data).split("\0");
      rest = messages.pop();
      messages.forEach((message) => this.#receive(JSON.parse(message)));
    });
  }

  #receive(message) {
    if (message.id === undefined) {
      this.#events.push(message);
      return;
    }
    const { resolve, reject } = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) reject(new Error(message.error.message));
    else resolve(message.result);
  }

  call(method, params = {}, sessionId = undefined) {
    const id = this.#next;
    this.#next += 1;
    const timer = setTimeout(() => this.#waiting.get(id)?.reject(new Error(`no result of ${method}`)), PATIENCE_MS);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    }).finally(() => clearTimeout(timer));
  }

  async tab() {
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, sessionId);
    for (const domain of ["Page", "Runtime", "Log", "Network", "DOM"]) await tab.call(`${domain}.enable`);
    return tab;
  }

  // The parameters of all events of a kind in a tab.
  events(sessionId, method) {
    return this.#events.filter((event) => event.sessionId === sessionId && event.method === method).map((event) => event.params);
  }

  async close() {
    await this.call("Browser.close").catch(() => {});
    if (this.#child.exitCode === null) await new Promise((resolve) => { this.#child.once("exit", resolve); });
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

class Tab {
  #browser;
  #session;

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }

  call(method, params) {
    return this.#browser.call(method, params, this.#session);
  }

  events(method) {
    return this.#browser.events(this.#session, method);
  }

  // The value of an expression, or of its promise.
  async eval(expression) {
    // The policy of the page applies, which it would not by default.
    const policy = { allowUnsafeEvalBlockedByCSP: false };
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true, ...policy };
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  // Waits until an expression is true.
  async until(expression) {
    const end = Date.now() + PATIENCE_MS;
    while ((await this.eval(expression)) !== true) {
      if (Date.now() > end) throw new Error(`not in time: ${expression}; status "${await this.text("status")}", alert "${await this.text("alert")}"`);
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }

  text(id) {
    return this.eval(`document.getElementById(${JSON.stringify(id)})?.innerText ?? ""`);
  }

  click(id) {
    return this.eval(`document.getElementById(${JSON.stringify(id)}).click()`);
  }

  // Chooses files with the page's input.
  async choose(...files) {
    const { root } = await this.call("DOM.getDocument");
    const { nodeId } = await this.call("DOM.querySelector", { nodeId: root.nodeId, selector: "#file" });
    await this.call("DOM.setFileInputFiles", { nodeId, files });
  }
}
