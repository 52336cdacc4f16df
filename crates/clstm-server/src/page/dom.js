// Elements of the page, and its messages.

export const $ = (id) => document.getElementById(id);

export function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// Shows a status; clears the last error.
export function announce(text) {
  $("alert").textContent = "";
  $("status").textContent = text;
}

// Shows an error, which screen readers announce at once.
export function alarm(text) {
  $("status").textContent = "";
  $("alert").textContent = text;
}

export const percent = (p) => `${(100 * p).toFixed(0)} %`;

// 3.5 is 0:03.5, 3725 is 1:02:05.0.
export function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const total = Math.round(seconds * unit) / unit;
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const rest = (total % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
