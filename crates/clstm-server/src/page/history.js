// The recordings since the page was opened.

import { $, alarm, clock, element } from "./dom.js";
import { damage, summaryOf } from "./prediction.js";
import { show } from "./timeline.js";

const rows = new Map();

// Adds a recording. `busy` returns whether another one cannot be shown now.
export function remember(record, busy) {
  const row = element("li");
  const button = element("button");
  button.type = "button";
  const details = element("span", undefined, "details");
  details.append(
    element("span", `${summaryOf(record)}, ${clock(record.duration_s)}${damage(record)}`, "result"),
    element("span", `${record.model.name} (${record.model.digest.slice(0, 8)})`, "model"),
  );
  button.append(element("span", record.name, "name"), details);
  button.addEventListener("click", () => (busy() ? alarm("Stop the microphone first.") : view(record)));
  row.append(button);
  rows.set(record, row);
  $("history").prepend(row);
  tidy();
}

// Shows a recording and marks it in the history.
export function view(record) {
  show(record);
  for (const [one, row] of rows) row.firstChild.setAttribute("aria-current", String(one === record));
}

function tidy() {
  $("history-empty").hidden = rows.size > 0;
  $("forget").hidden = rows.size === 0;
}

export function startHistory(busy) {
  $("forget").addEventListener("click", () => {
    if (busy()) {
      alarm("Stop the microphone first.");
      return;
    }
    rows.clear();
    $("history").replaceChildren();
    view(null);
    tidy();
    $("file").focus();
  });
}
