// How firm each unit's rank is, as a table: what the chart draws, and the rank by each assumption.
import { h, say } from "../dom.js";
import { byName, name, t } from "../labels.js";
import { page } from "../page.js";
import { Table } from "../table.js";
import { fillUnitOf } from "../unit_cell.js";
import { called, keyOf, move, range, share, strongest, strongestSaid } from "./words.js";

const fillRank = (assumption, place) => (cell, row) => {
  if (!cell.firstChild) cell.append(h("span"), h("span", { class: "move", "aria-hidden": "true" }));
  const found = move(row, assumption, place);
  say(cell.children[0], found ? String(found.rank) : "–");
  say(cell.children[1], found && found.by ? (found.by > 0 ? `▲${found.by}` : `▼${-found.by}`) : "");
};

/** What is to be said of a unit: by what was released it may have another rank than the one in force, and of some not all is varied. */
const apart = (row) => [
  ...(row.base === row.rank ? [] : [{ kind: "base", text: t("robustness.base", { n: row.base ?? "–" }) }]),
  ...(row.suppressed ? [{ kind: "suppressed", text: t("robustness.partly"), why: t("robustness.partly_why") }] : []),
];

/** `found()` is the answer shown; a column for each assumption but the draws, which have their own. */
export function robustnessTable(element, variations, all, found, options) {
  const width = (row) => (row.best === null ? null : row.worst - row.best);
  return new Table(element, {
    columns: [
      { key: "rank", title: t("col.rank"), class: "num rank", sort: (row) => row.rank, fill: (cell, row) => say(cell, row.rank ?? "–") },
      { key: "unit", title: t("col.unit"), class: "who", header: true, sort: (row) => name(row.name), fill: (cell, row) => fillUnitOf(cell, row, page.campaign, apart(row), strongestSaid(row, all)) },
      { key: "range", title: t("robustness.range"), class: "num", sort: width, first: "descending", fill: (cell, row) => say(cell, range(row.best, row.worst)) },
      { key: "draws", title: t("robustness.nine"), class: "num wide", sort: (row) => (row.draws ? row.draws.high - row.draws.low : null), first: "descending", fill: (cell, row) => say(cell, row.draws ? range(row.draws.low, row.draws.high) : "–") },
      { key: "unchanged", title: t("robustness.unchanged_short"), class: "num", sort: (row) => row.draws?.unchanged ?? null, first: "descending", fill: (cell, row) => say(cell, row.draws ? `${share(row.draws.unchanged, found().draws)} %` : "–") },
      { key: "most", title: t("robustness.moves_most"), class: "wide most", sort: (row) => (row.base === null ? null : Math.abs(strongest(row, all)?.by ?? 0)), first: "descending", fill: (cell, row) => say(cell, strongestSaid(row, all)) },
      ...variations.map((variation, place) => ({ key: keyOf(variation), title: called(variation), class: "num wide variation", sort: (row) => row.variations[place], fill: fillRank(variation, place) })),
    ],
    key: (row) => row.unit,
    words: (row) => `${row.name.vi} ${row.name.en ?? ""} ${row.unit}`,
    compare: byName,
    ...options,
  });
}
