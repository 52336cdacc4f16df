// A timeline as a file: the rows of `clstm predict --timeline`.

import { dimensionsOf } from "./dimensions.js";
import { $, element } from "./dom.js";
import { current } from "./timeline.js";

const rowsOf = (record, what) => record.lanes.flatMap((lane) => lane[what])
  .map(({ type, ...row }) => ({ path: record.name, ...row, model: record.model.name }));

const jsonl = (record, what) => rowsOf(record, what).map((row) => `${JSON.stringify(row)}\n`).join("");

const cell = (value) => {
  // Text that a spreadsheet would read as a formula, as `clstm` writes it.
  const text = typeof value === "string" && /^'*[=+\-@\t\r\n]/.test(value) ? `'${value}` : String(value ?? "");
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

function csv(record, what) {
  const speech = what === "frames" ? ["speech"] : [];
  const all = rowsOf(record, what);
  const lane = ["channel", "speaker"].filter((name) => all.some((row) => row[name] !== undefined));
  const columns = ["path", ...lane, "start_s", "end_s", ...speech, "label", "confidence"];
  const names = dimensionsOf(record).map(({ name }) => name);
  const values = [...record.labels.map((label) => `p_${label}`), ...names.map((name) => `dim_${name}`)];
  const head = [...columns, ...values, "damaged", "error_kind", "error_message"];
  const rows = all.map((row) => {
    const probabilities = record.labels.map((label) => row.probabilities?.[label]);
    const dimensions = names.map((name) => row.dimensions?.[name]);
    return [...columns.map((column) => row[column]), ...probabilities, ...dimensions, record.damaged?.message, "", ""];
  });
  return [head, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function save(write, ending, kind) {
  const record = current();
  if (!record) return;
  const what = $("save-what").value;
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([write(record, what)], { type: kind }));
  const base = record.name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}]+/gu, "-");
  link.download = `${base}.${what}.${ending}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function startSaving() {
  $("save-jsonl").addEventListener("click", () => save(jsonl, "jsonl", "application/jsonl"));
  $("save-csv").addEventListener("click", () => save(csv, "csv", "text/csv"));
}
