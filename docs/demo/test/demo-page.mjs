// The built page in a headless Chromium, from `python3 -m http.server`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";

import { Chromium, findChromium } from "./chromium.mjs";

// What the page shows of the last recording.
const SHOWN = `import('./timeline.js').then(({ current }) => {
  const { duration_s, lanes: [{ whole, frames, segments }] } = current();
  return { duration_s, whole, frames, segments };
})`;

export class DemoPage {
  #server;
  #browser;

  constructor(server, browser, tab, origin) {
    this.#server = server;
    this.#browser = browser;
    this.tab = tab;
    this.origin = origin;
  }

  // Serves the folder and opens the page; `microphone` is a WAV file that the microphone plays in a loop.
  static async open(folder, microphone) {
    const server = spawn("python3", ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]);
    const port = await new Promise((resolve, reject) => {
      server.once("exit", () => reject(new Error("python3 -m http.server ended")));
      server.stdout.on("data", (data) => {
        const found = /port (\d+)/.exec(data);
        if (found) resolve(found[1]);
      });
    });
    const origin = `http://127.0.0.1:${port}`;
    const browser = new Chromium(findChromium(), microphone);
    const tab = await browser.tab();
    await tab.call("Page.navigate", { url: `${origin}/` });
    await tab.until("document.getElementById('status')?.innerText.startsWith('The model is loaded') === true");
    return new DemoPage(server, browser, tab, origin);
  }

  async close() {
    await this.#browser.close();
    this.#server.kill();
  }

  entries() {
    return this.tab.eval("document.querySelectorAll('#history li').length");
  }

  shown() {
    return this.tab.eval(SHOWN);
  }

  // Chooses a file, waits for its record and returns it.
  async recognize(path) {
    const count = await this.entries();
    await this.tab.choose(path);
    await this.tab.until(`document.querySelectorAll('#history li').length === ${count + 1} || document.getElementById('alert').innerText !== ''`);
    assert.equal(await this.tab.text("alert"), "", path);
    return this.shown();
  }

  // Chooses a file and waits for an error.
  async refused(path) {
    await this.tab.choose(path);
    await this.tab.until("document.getElementById('alert').innerText !== ''");
    return this.tab.text("alert");
  }
}
