// What tables of figures fill their cells with.
import { h, say } from "./dom.js";
import { name } from "./labels.js";
import { page } from "./page.js";
import { bandStep, index, missing, number } from "./ranking/rows.js";

/** A figure with a bar as long as it; what it says when there is none. Hatched while it is provisional. */
export function fillIndex(cell, row) {
  if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("span", { class: "meter", "aria-hidden": "true" }, h("i")));
  const [figure, meter] = cell.children;
  const before = figure.textContent;
  say(figure, index(row));
  figure.classList.toggle("missing", missing(row) !== null);
  if (before && before !== figure.textContent) flash(cell);
  meter.hidden = row.index === null;
  meter.firstChild.style.width = `${Math.max(0, Math.min(100, number(row) ?? 0))}%`;
  meter.firstChild.className = row.provisional ? "hatched" : "";
}

/** Marks a figure that has just changed; the style sheet lets it fade, or not at all where motion is not wanted. */
function flash(cell) {
  cell.classList.remove("changed");
  requestAnimationFrame(() => cell.classList.add("changed"));
}

/** Fills cells with what `make` says of a row, and with a dash where it says nothing. */
export const orDash = (make) => (cell, row) => say(cell, make(row) ?? "–");

/** A grade in its colour. */
export function fillBand(cell, row) {
  const step = bandStep(page.model, row);
  if (!cell.firstChild) cell.append(h("span", { class: "band" }));
  say(cell.firstChild, row.band ? name(row.band) : "–");
  cell.firstChild.className = step ? `band band-${step}` : "band";
}
