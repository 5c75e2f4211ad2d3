// What a page has made of an answer, as a file made in the browser: it needs no token of its own.
import { $, h } from "./dom.js";
import { copyLink } from "./exports.js";
import { t } from "./labels.js";

const KEPT_MS = 60_000;
const FORMULA = /(^|[,;|\t\r\n])(?=[=+\-@\t\r\n＝＋－＠'])/g;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** A value in a line of CSV: by RFC 4180, and with an apostrophe before what a spreadsheet would take for a formula. */
function quoted(value) {
  if (value === null || value === undefined) return "";
  const text = String(value);
  const safe = NUMBER.test(text) ? text : text.replace(FORMULA, "$1'");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows as CSV with a byte order mark, the names of the first row's values in front. */
export function csv(rows) {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
}

/** Buttons for files, in the element `exports`, and one that copies the page's address. `make()` gives a file's content. */
export function drawDownloads(files) {
  const buttons = files.map(({ form, type, name, make }) => h("button", { type: "button", class: "button", "data-form": form, onclick: () => save(name(), type, make()) }, form.toUpperCase()));
  const copy = h("button", { type: "button", class: "button", onclick: () => copyLink(copy) }, t("exports.link"));
  $("exports").replaceChildren(...buttons, copy);
}

function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
