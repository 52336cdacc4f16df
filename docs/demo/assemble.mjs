// Puts the page together in a folder: `node assemble.mjs FOLDER`. One source for each part: the look and the timeline are those of the
// server's page, the constants of the speech detection those of the Rust sources.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const out = process.argv[2];
const text = (path) => readFileSync(path, "utf8");

// --- the server's page ---------------------------------------------------------------------------------

const server = join(root, "crates/clstm-server/src/page");
const SHARED = [
  "capture.js", "dimensions.js", "dom.js", "history.js", "icon.svg", "labels.js", "lanes.js", "peaks.js", "player.js", "prediction.js", "queue.js", "recorder.js",
  "save.js", "sources.js", "style.css", "timeline.js", "view.js", "wav.js", "waveform.js",
];
const PLACE = "<!-- The server's page from here to the end of main. -->\n";

// The sections from the prediction on.
function sections() {
  const html = text(join(server, "index.html"));
  const [start, end] = ['    <section class="card" aria-labelledby="prediction-title">', "</main>\n"].map((part) => {
    if (html.split(part).length !== 2) throw new Error(`the server's page does not have ${part} once`);
    return html.indexOf(part);
  });
  // Lanes by speaker need the server.
  const speakers = /^ *<label id="speakers-field".*?<p id="speakers-about".*?<\/p>\n/ms;
  const own = html.slice(start, end + "</main>\n".length);
  if (!speakers.test(own)) throw new Error("the server's page has no speakers");
  return own.replace(speakers, "");
}

// --- constants of the Rust sources ---------------------------------------------------------------------

// The value of `const NAME: TYPE = VALUE;` or a `static`: numbers, arrays of them, and ranges as their two ends.
function constant(source, name) {
  const found = [...source.matchAll(new RegExp(`(?:const|static) ${name}: [^=]+=\\s*([^;]+);`, "g"))];
  if (found.length !== 1) throw new Error(`${name} is not defined once`);
  const value = found[0][1].replaceAll("_", "").replace(/^([\d.]+)\.\.([\d.]+)$/, "[$1,$2]").replace(/,\s*\]/g, "]");
  // JSON has no `1.` and no `.5`.
  return JSON.parse(value.replace(/(\d)\.(?!\d)/g, "$1"));
}

function constants(earshot) {
  const all = (path, names) => {
    const source = text(path);
    return names.map((name) => [name, constant(source, name)]);
  };
  const crate = (path) => join(root, "crates", path);
  const filters = text(join(earshot, "src/filters.rs"));
  const mel = [...filters.matchAll(/\((\d+), &\[([^\]]*)\]\)/g)].map(([, start, values]) => [Number(start), JSON.parse(`[${values}]`)]);
  if (mel.length !== 40) throw new Error(`earshot has ${mel.length} mel bands instead of 40`);
  const entries = [
    ...all(crate("clstm-audio/src/level.rs"), ["SILENCE_FLOOR"]),
    ...all(crate("clstm-audio/src/speech/mod.rs"), ["RATE"]),
    ...all(crate("clstm-audio/src/speech/spectrum.rs"), ["FFT", "BANDS", "EDGES_HZ", "GROUPS", "LAGS", "SILENCE_DB"]),
    ...all(crate("clstm-audio/src/speech/context.rs"), ["CONTEXT", "SYLLABLES", "AUDIBLE_DB", "PAUSE_DB"]),
    ...all(crate("clstm-audio/src/speech/gate.rs"), ["CLIP", "THRESHOLD"]),
    ...all(crate("clstm-audio/src/speech/gate_weights.rs"), [
      "MEAN", "SCALE", "HIDDEN_WEIGHTS", "HIDDEN_BIAS", "OUTPUT_WEIGHTS", "OUTPUT_BIAS",
    ]),
    ...all(crate("clstm/src/recognizer.rs"), ["MIN_SPEECH"]),
    ...all(crate("clstm/src/prepared.rs"), ["MIN_SPEECH_S"]),
    ...all(crate("clstm/src/stream/smoother.rs"), ["MIN_PROBABILITY"]),
    ["HANN_WINDOW", constant(filters, "HANN_WINDOW")],
    ["MEL_COEFFS", mel],
  ];
  const lines = entries.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
  return `// Written by docs/demo/assemble.mjs from the Rust sources.\n${lines.join("")}`;
}

// The folder of the crate, as Cargo.lock has it.
function earshotFolder() {
  const options = { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 };
  const metadata = JSON.parse(execFileSync("cargo", ["metadata", "--locked", "--format-version", "1"], options));
  return dirname(metadata.packages.find(({ name }) => name === "earshot").manifest_path);
}

// --- licences ------------------------------------------------------------------------------------------

function licenses() {
  const mit = text(join(root, "LICENSE-MIT"));
  const terms = mit.slice(mit.indexOf("Permission is hereby granted"));
  return [
    "clstm: MIT OR Apache-2.0. The weights of the model have a licence of their own, which the page shows.\n\n", mit,
    "\n----\nONNX Runtime Web (ort.js, ort.wasm)\nMIT License\nCopyright (c) Microsoft Corporation\n\n", terms,
    "\n----\nearshot (voice-activity.js, voice-activity.bin): MIT OR Apache-2.0\n\n", terms,
  ].join("");
}

mkdirSync(out, { recursive: true });
for (const name of SHARED) copyFileSync(join(server, name), join(out, name));
for (const name of readdirSync(join(here, "page"))) copyFileSync(join(here, "page", name), join(out, name));
writeFileSync(join(out, "index.html"), text(join(here, "page/index.html")).replace(PLACE, sections).replace(/(?<=<\/main>\n)\n*/, ""));
const earshot = earshotFolder();
writeFileSync(join(out, "constants.js"), constants(earshot));
copyFileSync(join(earshot, "src/weights.bin"), join(out, "voice-activity.bin"));
const runtime = join(here, "node_modules/onnxruntime-web/dist");
copyFileSync(join(runtime, "ort.wasm.bundle.min.mjs"), join(out, "ort.js"));
copyFileSync(join(runtime, "ort-wasm-simd-threaded.wasm"), join(out, "ort.wasm"));
copyFileSync(join(root, "assets/sad.wav"), join(out, "sample.wav"));
writeFileSync(join(out, "licenses.txt"), licenses());
