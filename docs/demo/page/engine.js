// The model in ONNX Runtime Web: from samples to probabilities.

import * as ort from "./ort.js";
import { onnxMetadata } from "./metadata.js";

// One thread: several need SharedArrayBuffer, which browsers allow only with the headers COOP and COEP.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("ort.wasm", import.meta.url).href };
ort.env.logLevel = "error";

async function load(name) {
  const response = await fetch(name).catch(() => null);
  if (!response?.ok) throw new Error(`${name} cannot be loaded. Reload the page.`);
  return new Uint8Array(await response.arrayBuffer());
}

// Loads the model. Its settings come from the metadata that `clstm export` writes.
export async function loadEngine() {
  const bytes = await load("model.onnx");
  const metadata = onnxMetadata(bytes);
  const labels = JSON.parse(metadata.labels);
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  // ONNX Runtime Web runs one request at a time.
  let last = Promise.resolve();
  async function run(samples) {
    const waveform = new ort.Tensor("float32", samples, [1, samples.length]);
    const lengths = new ort.Tensor("int64", BigInt64Array.of(BigInt(samples.length)), [1]);
    const { probabilities } = await session.run({ waveform, lengths }, ["probabilities"]);
    const values = Array.from(probabilities.data);
    if (!values.every(Number.isFinite)) throw new Error("The model's output is not finite.");
    return values;
  }
  return {
    labels,
    model: {
      name: metadata.name, labels, digest: metadata.digest, license: metadata.license, description: metadata.description,
      abstention: metadata.abstention ? Number(metadata.abstention) : null,
    },
    rate: Number(metadata.sample_rate),
    frontend: JSON.parse(metadata.frontend),
    timeline: JSON.parse(metadata.timeline),
    // Calibrated probabilities of mono samples at `rate`, in the order of the labels.
    probabilities(samples) {
      const result = last.then(() => run(samples));
      last = result.catch(() => {});
      return result;
    },
  };
}
