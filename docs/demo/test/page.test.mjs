// The page in a headless Chromium, from `python3 -m http.server`, against the `clstm` command: `.ci/demo` runs it.
// CLSTM is the command, CLSTM_DEMO the built page.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { DemoPage } from "./demo-page.mjs";
import { RATE, joined, louder, noise, readWav, silence, tone, upsampled, wav } from "./sounds.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const { CLSTM, CLSTM_DEMO } = process.env;
// Largest difference of a probability from the command's.
const TOLERANCE = 1e-3;

const folder = mkdtempSync(join(tmpdir(), "clstm-demo-"));
const model = join(CLSTM_DEMO, "model.onnx");
const assets = ["angry", "sad", "sample"].map((name) => readWav(readFileSync(join(root, "assets", `${name}.wav`))));
const [angry, sad, sample] = assets;

function file(name, channels, rate) {
  const path = join(folder, name);
  writeFileSync(path, channels instanceof Buffer ? channels : wav(channels, rate));
  return path;
}

// Speech at the model's rate, which both decode to the same samples.
const talk = joined(sad, silence(2), angry, sample, louder(angry, 0.5), silence(0.6), sad, angry);
const EXACT = {
  "angry.wav": angry,
  "sad.wav": sad,
  "sample.wav": sample,
  "talk.wav": talk,
  "short.wav": angry.slice(8000, 15000),
  "soft.wav": louder(sad, 0.02),
  "edges.wav": joined(silence(1.3), sad, silence(0.7)),
  "offset.wav": sad.map((x) => 0.2 + 0.5 * x),
  "noisy.wav": noise(sad.length / RATE, 0.01).map((x, i) => x + sad[i]),
  "long.wav": joined(talk, talk, talk, talk, sad, angry),
};
const exact = Object.entries(EXACT).map(([name, samples]) => file(name, [samples]));

// What the command prints for files, one object each. With a timeline, its prediction for the whole follows the timeline's speech
// detection; the page has that of recordings alone.
function command(paths) {
  const run = (...options) => {
    const args = ["predict", "--quiet", "--format", "jsonl", ...options, ...paths];
    return execFileSync(CLSTM, args, { encoding: "utf8", maxBuffer: 1 << 28 }).trim().split("\n").map((line) => JSON.parse(line));
  };
  const timelines = run("--timeline", "--frames");
  return run().map((whole, i) => ({ ...timelines[i], ...whole }));
}

let page;
let tab;

before(async () => {
  page = await DemoPage.open(CLSTM_DEMO, file("microphone.wav", [talk]));
  tab = page.tab;
});

after(async () => {
  await page?.close();
  rmSync(folder, { recursive: true });
});

// The largest difference of two predictions' probabilities; Infinity if only one has a label.
function difference(ours, theirs) {
  if (!ours?.label || !theirs?.label) return (ours?.label ?? null) === (theirs?.label ?? null) ? 0 : Infinity;
  const labels = Object.keys(theirs.probabilities);
  assert.deepEqual(Object.keys(ours.probabilities), labels);
  // Labels may differ where two are equal within the tolerance.
  const lead = theirs.confidence - theirs.probabilities[ours.label];
  return Math.max(lead, ...labels.map((label) => Math.abs(ours.probabilities[label] - theirs.probabilities[label])));
}

test("the page shows labels, licence and intended use", async () => {
  const { labels, licence } = await tab.eval(`({
    labels: document.getElementById('model-labels').innerText, licence: document.getElementById('model-license').innerText })`);
  const [prediction] = command([exact[0]]);
  assert.equal(labels, Object.keys(prediction.probabilities).join(", "));
  assert.ok(licence.length > 5);
  assert.match(await tab.text("notice"), /Intended use:.*[Dd]o not use it/s);
  // No SharedArrayBuffer: the server sends no headers for it.
  assert.equal(await tab.eval("self.crossOriginIsolated"), false);
});

test("recordings have the probabilities, frames and segments of the command", async () => {
  const results = command(exact);
  const worst = { whole: 0, frames: 0, segments: 0 };
  let [audio_s, wall_s] = [0, 0];
  for (const [i, path] of exact.entries()) {
    const began = performance.now();
    const record = await page.recognize(path);
    wall_s += (performance.now() - began) / 1000;
    const theirs = results[i];
    audio_s += theirs.duration_s;
    assert.ok(Math.abs(record.duration_s - theirs.duration_s) < 1e-9, path);
    // Above a minute the page's prediction for the whole is the mean over the frames.
    if (theirs.duration_s <= 60) worst.whole = Math.max(worst.whole, difference(record.whole, theirs));
    for (const kind of ["frames", "segments"]) {
      const times = ({ start_s, end_s, label }) => [start_s, end_s, label !== null];
      assert.deepEqual(record[kind].map(times), theirs[kind].map(times), `${path}: ${kind}`);
      record[kind].forEach((part, k) => {
        const apart = difference(part, theirs[kind][k]);
        worst[kind] = Math.max(worst[kind], apart);
      });
    }
  }
  console.log(`largest difference of a probability: ${JSON.stringify(worst)}`);
  console.log(`${audio_s.toFixed(1)} s of audio in ${wall_s.toFixed(1)} s, one thread: real-time factor ${(wall_s / audio_s).toFixed(2)}`);
  assert.ok(Math.max(...Object.values(worst)) <= TOLERANCE, JSON.stringify(worst));
});

test("other rates and stereo differ by the browser's resampler only", async () => {
  const left = upsampled(sad, 3);
  const path = file("stereo-48k.wav", [left, left.map((x) => 0.5 * x)], 48000);
  const [theirs] = command([path]);
  const record = await page.recognize(path);
  const worst = difference(record.whole, theirs);
  console.log(`48 kHz, stereo: largest difference of a probability ${worst.toExponential(1)}`);
  assert.equal(record.whole.label, theirs.label);
  assert.ok(worst < 0.05, String(worst));
});

test("sound without speech has no label", async () => {
  for (const [name, samples] of Object.entries({ "zeros.wav": silence(2), "noise.wav": noise(3, 0.1), "tone.wav": tone(3, 440) })) {
    const path = file(name, [samples]);
    const [theirs] = command([path]);
    assert.equal(theirs.label, null, name);
    const record = await page.recognize(path);
    assert.equal(record.whole, null, name);
    assert.ok(record.frames.every((frame) => frame.label === null), name);
    assert.equal((await tab.text("prediction")).toLowerCase(), "no speech");
  }
});

test("files that cannot be recognised have an error, and others follow", async () => {
  assert.match(await page.refused(file("text.wav", Buffer.from("This is not audio."))), /text\.wav: .*not audio/);
  assert.match(await page.refused(file("empty.wav", [new Float32Array(0)])), /empty\.wav: /);
  assert.match(await page.refused(file("hours.wav", [new Float32Array(601 * 4000)], 4000)), /hours\.wav: .*longer than 10 minutes/);
  const record = await page.recognize(exact[1]);
  assert.equal(record.whole.label, "sad");
});

test("the microphone gives predictions while it records, and a recording after it", async () => {
  const count = await page.entries();
  await tab.click("microphone");
  await tab.until("document.getElementById('microphone').innerText === 'Stop the microphone'");
  await tab.until("document.getElementById('prediction').innerText.match(/angry|sad|neutral|happy|fearful|disgust/i) !== null");
  await tab.until("document.querySelectorAll('#segments tr').length >= 1");
  await tab.click("microphone");
  await tab.until(`document.querySelectorAll('#history li').length === ${count + 1}`);
  await tab.until("document.getElementById('status').innerText === 'The microphone is off.'");
  const record = await page.shown();
  assert.ok(record.duration_s > 2 && record.frames.some((frame) => frame.label));
  assert.ok(record.frames.every((frame) => !frame.provisional));
});

test("a refused microphone is an error", async () => {
  await tab.eval("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))");
  await tab.click("microphone");
  await tab.until("document.getElementById('alert').innerText === 'The browser does not allow the microphone.'");
});

test("nothing leaves the page", async () => {
  const urls = tab.events("Network.requestWillBeSent").map(({ request }) => request.url);
  assert.ok(urls.some((url) => url.endsWith("/ort.wasm")));
  assert.deepEqual(urls.filter((url) => !url.startsWith(`${page.origin}/`) && !url.startsWith(`blob:${page.origin}/`)), []);
  assert.deepEqual(tab.events("Runtime.exceptionThrown"), []);
  assert.deepEqual(tab.events("Runtime.consoleAPICalled"), []);
  const wrong = tab.events("Log.entryAdded").filter(({ entry }) => ["error", "warning"].includes(entry.level) && !entry.url?.startsWith("blob:"));
  assert.deepEqual(wrong, []);
});

test("the policy refuses other hosts, inline script and evaluated text", async () => {
  const result = await tab.eval(`(async () => {
    const refused = [];
    addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
    const add = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
    add('script', { textContent: 'window.ran = true' });
    add('script', { src: 'data:text/javascript,window.ran = true' });
    add('img', { src: 'http://127.0.0.1:9/pixel.png' });
    add('iframe', { src: '/' });
    document.body.setAttribute('onclick', 'window.ran = true');
    try { window.ran = new Function('return true')(); } catch { /* refused */ }
    await fetch('http://127.0.0.1:9/', { method: 'POST', body: 'a voice' }).catch(() => {});
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    return { ran: window.ran ?? false, refused: [...new Set(refused)].sort() };
  })()`);
  assert.equal(result.ran, false);
  for (const directive of ["connect-src", "frame-src", "img-src", "script-src-elem"]) assert.ok(result.refused.includes(directive), directive);
});
