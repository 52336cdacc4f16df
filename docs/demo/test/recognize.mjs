// Recognises recordings in the page: node docs/demo/test/recognize.mjs PAGE FILE... prints one JSON line for each file, with `label` and
// `probabilities`, which are null without speech. PAGE is a folder that docs/demo/build has made.

import { resolve } from "node:path";

import { DemoPage } from "./demo-page.mjs";

const [folder, ...files] = process.argv.slice(2).map((path) => resolve(path));
const page = await DemoPage.open(folder, files[0]);
try {
  for (const path of files) {
    const { whole } = await page.recognize(path);
    console.log(JSON.stringify({ path, label: whole?.label ?? null, probabilities: whole?.probabilities ?? null }));
  }
} finally {
  await page.close();
}
