// The comparison as a table: what the charts draw, and more.
import { h, say } from "../dom.js";
import { byName, name, t } from "../labels.js";
import { Table } from "../table.js";
import { fillUnitOf } from "../unit_cell.js";
import { figureOr, marks, moved, movedSaid, number, signed, verdict, way } from "./rows.js";

const WAYS = { 1: "up", "-1": "down", 0: "level" };

function fillRanks(cell, row) {
  if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("span", { class: "move", "aria-hidden": "true" }), h("span", { class: "quiet" }));
  const [ranks, arrow, words] = cell.children;
  const change = row.difference?.ranks ?? null;
  say(ranks, `${row.then?.rank ?? "–"} → ${row.now.rank ?? "–"}`);
  say(arrow, moved(change) ?? "");
  arrow.className = `move ${WAYS[Math.sign(change ?? 0)]}`;
  say(words, movedSaid(change));
}

function fillDifference(cell, row) {
  if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("span", { class: "verdict" }));
  const [figure, said] = cell.children;
  const text = row.difference === null ? null : signed(row.difference.index);
  say(figure, text ?? "–");
  figure.className = `figure ${text === null ? "missing" : row.difference.significant ? WAYS[way(row)] : ""}`;
  say(said, verdict(row) ?? "");
}

/** `campaign()` is the code of the later campaign, whose units these are. */
export function compareTable(element, campaign, options) {
  const sub = (row) => `${figureOr(row.then?.index)} → ${figureOr(row.now.index)}`;
  return new Table(element, {
    columns: [
      { key: "unit", title: t("col.unit"), class: "who", header: true, sort: (row) => name(row.name), fill: (cell, row) => fillUnitOf(cell, row, campaign(), marks(row), sub(row)) },
      { key: "rank", title: t("col.rank"), class: "num ranks", sort: (row) => row.now.rank, fill: fillRanks },
      { key: "then", title: t("compare.then"), class: "num wide", sort: (row) => number(row.then?.index_exact ?? null), first: "descending", fill: (cell, row) => say(cell, figureOr(row.then?.index)) },
      { key: "now", title: t("compare.now"), class: "num wide", sort: (row) => number(row.now.index_exact), first: "descending", fill: (cell, row) => say(cell, figureOr(row.now.index)) },
      { key: "difference", title: t("compare.difference"), class: "num", sort: (row) => number(row.difference?.index_exact ?? null), first: "descending", fill: fillDifference },
      { key: "moved", title: t("compare.moved"), class: "num wide", sort: (row) => row.difference?.ranks ?? null, first: "descending", fill: (cell, row) => say(cell, moved(row.difference?.ranks ?? null) ?? "–") },
    ],
    key: (row) => row.unit,
    words: (row) => `${row.name.vi} ${row.name.en ?? ""} ${row.unit}`,
    compare: byName,
    ...options,
  });
}
