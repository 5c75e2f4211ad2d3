// A unit's name in a table: a link to its page where there is one, and marks of what is to be said of it.
import { h, say } from "./dom.js";
import { name } from "./labels.js";
import { page } from "./page.js";
import { link } from "./state.js";

/** Address of a unit's page in a campaign; null where there is no such page. */
export const unitOf = (campaign, unit) => (page.pages.includes("unit") ? link(`/c/${campaign}/units/${unit}`) : null);

/**
 * Fills a cell with a row's unit.
 * @param {{unit: string, name: {vi: string, en?: string}}} row
 * @param {string} campaign
 * @param {{kind: string, text: string, why?: string}[]} marks
 * @param {string} sub what is said below where there is little room
 */
export function fillUnitOf(cell, row, campaign, marks = [], sub = "") {
  if (!cell.firstChild) cell.append(h(unitOf(campaign, row.unit) ? "a" : "span", { class: "unit" }), h("span", { class: "marks" }), h("span", { class: "sub" }));
  const [unit, box, rest] = cell.children;
  const to = unitOf(campaign, row.unit);
  if (to) unit.href = to;
  say(unit, name(row.name));
  say(rest, sub);
  const said = JSON.stringify(marks);
  if (box.dataset.said !== said) {
    box.dataset.said = said;
    box.replaceChildren(...marks.map((mark) => h("span", { class: `mark ${mark.kind}`, title: mark.why }, mark.text)));
  }
}
