// Files, one after the other.

import { alarm, announce } from "./dom.js";
import { remember, view } from "./history.js";
import { damage, summaryOf } from "./prediction.js";

const alarmAll = (wrong) => alarm(wrong.map(([name, error]) => `${name}: ${error.message}`).join(" "));

// A function that recognises files, also those added meanwhile, by `recognize`, which makes a record of `{ file, given }`. `report`
// receives the files that failed, as pairs of name and error.
export function fileQueue(recognize, report = alarmAll) {
  const waiting = [];
  let busy = false;
  // `live` returns whether the microphone is on; `given` is a file with segments for one of the files.
  return async (files, live, given = null) => {
    if (live()) return alarm("Stop the microphone first.");
    if (!files.length) return alarm("That is not a file.");
    waiting.push(...files.map((file) => ({ file, given })));
    if (busy) return undefined;
    busy = true;
    const wrong = [];
    while (waiting.length) {
      const entry = waiting.shift();
      const { name } = entry.file;
      announce(`Processing ${name} …${waiting.length ? ` (${waiting.length} more)` : ""}`);
      try {
        const record = await recognize(entry);
        remember(record, live);
        if (!live()) view(record);
        announce(`${name}: ${summaryOf(record)}${damage(record)}.`);
      } catch (error) {
        wrong.push([name, error]);
      }
    }
    busy = false;
    if (wrong.length) report(wrong, alarmAll);
    return undefined;
  };
}
