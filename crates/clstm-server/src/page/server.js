// Requests to the server, and waiting for it while it is unreachable.

import { $, alarm, element, announce } from "./dom.js";
import { setLabels } from "./labels.js";

// Between two attempts to reach the server.
const RETRY_MS = 1000;

// The server is unreachable.
export class Unreachable extends Error {}

// The server returned an error of this kind.
export class ApiError extends Error {
  constructor(message, kind) {
    super(message);
    this.kind = kind;
  }
}

export const key = () => $("key").value;
// The chosen model, as in `/v1/models`.
export const model = () => $("model").selectedOptions[0]?.model_ ?? { name: "", labels: [], dimensions: [], digest: "", abstention: null };

export async function ask(path, options = {}) {
  const headers = key() ? { "X-API-Key": key() } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Unreachable("The server is unreachable.");
  }
  if (response.status === 401) $("key-field").hidden = false;
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new ApiError(body.error?.message ?? `The server returned status ${response.status}.`, body.error?.kind);
}

export async function loadModels() {
  const { models } = await ask("v1/models");
  const chosen = $("model").value;
  $("model").replaceChildren(...models.map((served) => {
    const option = element("option", served.name);
    option.value = served.name;
    option.model_ = served;
    return option;
  }));
  if (models.some(({ name }) => name === chosen)) $("model").value = chosen;
  setLabels(model().labels);
}

let waiting = null;

// Reports that the server is unreachable, waits until it accepts requests, and reports that. Calls meanwhile wait
// for the same.
export function back() {
  alarm("The server is unreachable. Waiting for it …");
  waiting ??= (async () => {
    for (;;) {
      await new Promise((later) => { setTimeout(later, RETRY_MS); });
      try {
        await ask("readyz");
        await loadModels();
        break;
      } catch (error) {
        // It is reachable, even without a valid key.
        if (error.kind === "unauthorized") break;
      }
    }
    waiting = null;
    announce("The server is reachable again.");
  })();
  return waiting;
}

// Reports an error; waits for the server if it is unreachable.
export function fail(error) {
  if (error instanceof Unreachable) back();
  else alarm(error.message);
}
