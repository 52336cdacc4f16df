// Asking the server, and waiting for it where it is gone.

import { $, alarm, element, say } from "./dom.js";
import { setLabels } from "./labels.js";

// Between two looks whether the server is back.
const LOOK_AGAIN_MS = 1000;

// The server did not answer at all.
export class Gone extends Error {}

// The server refused; `kind` is the kind of its error.
export class Refused extends Error {
  constructor(message, kind) {
    super(message);
    this.kind = kind;
  }
}

export const key = () => $("key").value;
export const model = () => $("model").value;

export async function ask(path, options = {}) {
  const headers = key() ? { "X-API-Key": key() } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Gone("The server does not answer.");
  }
  if (response.status === 401) $("key-field").hidden = false;
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refused(body.error?.message ?? `The server says ${response.status}.`, body.error?.kind);
}

export async function loadModels() {
  const { models } = await ask("v1/models");
  const chosen = model();
  $("model").replaceChildren(...models.map(({ name, labels }) => {
    const option = element("option", name);
    option.value = name;
    option.labels_ = labels;
    return option;
  }));
  if (models.some(({ name }) => name === chosen)) $("model").value = chosen;
  setLabels(chosenLabels());
}

export const chosenLabels = () => $("model").selectedOptions[0]?.labels_ ?? [];

let waiting = null;

// Says that the server is gone, looks for it until it takes requests on again, and says that. Whoever asks
// meanwhile waits for the same.
export function back() {
  alarm("The server does not answer. Waiting for it …");
  waiting ??= (async () => {
    for (;;) {
      await new Promise((later) => { setTimeout(later, LOOK_AGAIN_MS); });
      try {
        await ask("readyz");
        await loadModels();
        break;
      } catch (error) {
        // Refused for want of a key, it is back nevertheless.
        if (error.kind === "unauthorized") break;
      }
    }
    waiting = null;
    say("The server is back.");
  })();
  return waiting;
}

// Says what went wrong; where the server is gone, waits for it.
export function fail(error) {
  if (error instanceof Gone) back();
  else alarm(error.message);
}
