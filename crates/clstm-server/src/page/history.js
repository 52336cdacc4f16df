// What was heard since the page was opened.

import { $, alarm, clock, element, percent } from "./dom.js";
import { show } from "./timeline.js";

const rows = new Map();

// `busy` says whether another record cannot be shown now.
export function remember(record, busy) {
  const row = element("li");
  const button = element("button");
  button.type = "button";
  const said = record.whole ? `${record.whole.label} ${percent(record.whole.confidence)}` : "no speech";
  button.append(element("span", record.name, "name"), element("span", `${said}, ${clock(record.duration_s)}`, "said"));
  button.addEventListener("click", () => (busy() ? alarm("Stop listening first.") : view(record)));
  row.append(button);
  rows.set(record, row);
  $("history").prepend(row);
  tidy();
}

// Shows a record, and in the history which one it is.
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
      alarm("Stop listening first.");
      return;
    }
    rows.clear();
    $("history").replaceChildren();
    view(null);
    tidy();
    $("file").focus();
  });
}
