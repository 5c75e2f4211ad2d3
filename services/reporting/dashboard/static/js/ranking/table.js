// The ranking as a table: what the chart draws, and more.
import { fillBand, fillIndex, orDash } from "../cells.js";
import { h, say } from "../dom.js";
import { byName, count, name, t } from "../labels.js";
import { page } from "../page.js";
import { link } from "../state.js";
import { Table } from "../table.js";
import { interval, marks, number, rankInterval } from "./rows.js";

/** Address of a unit's page; null where there is no such page. */
export const unitAddress = (row) => (page.pages.includes("unit") ? link(`/c/${page.campaign}/units/${row.unit}`) : null);

function fillUnit(cell, row) {
  if (!cell.firstChild) {
    const address = unitAddress(row);
    // In a frame of another site it opens beside that: the page stands in no frame.
    const target = page.page === "embed" ? "_blank" : null;
    cell.append(address ? h("a", { class: "unit", href: address, target }) : h("span", { class: "unit" }), h("span", { class: "sub" }), h("span", { class: "marks" }));
  }
  const [unit, sub, box] = cell.children;
  say(unit, name(row.name));
  const rest = [
    row.interval && `${t("col.interval")} ${interval(row)}`,
    row.rank_interval && `${t("col.rank_interval")} ${rankInterval(row)}`,
    `${count(row.n)} ${t("col.n").toLowerCase()}`,
  ];
  say(sub, rest.filter(Boolean).join(" · "));
  const wanted = marks(row);
  const said = JSON.stringify(wanted);
  if (box.dataset.said !== said) {
    box.dataset.said = said;
    box.replaceChildren(...wanted.map((mark) => h("span", { class: `mark ${mark.kind}`, title: mark.why }, mark.text)));
  }
}

/** All columns; `compact` for where there is little room. */
export function columns({ compact = false } = {}) {
  const all = [
    { key: "rank", title: t("col.rank"), class: "num rank", sort: (row) => row.rank, fill: orDash((row) => row.rank?.toString()) },
    { key: "unit", title: t("col.unit"), class: "who", header: true, sort: (row) => name(row.name), fill: fillUnit },
    { key: "index", title: t("col.index"), class: "num index", sort: number, first: "descending", fill: fillIndex },
    { key: "interval", title: t("col.interval"), class: "num wide", fill: orDash(interval) },
    { key: "rank_interval", title: t("col.rank_interval"), class: "num wide", fill: orDash(rankInterval) },
    { key: "band", title: t("col.band"), class: "wide", fill: fillBand },
    { key: "n", title: t("col.n"), class: "num wide", sort: (row) => row.n, first: "descending", fill: (cell, row) => say(cell, count(row.n)) },
  ];
  return compact ? all.filter((column) => !["interval", "rank_interval", "band"].includes(column.key)) : all;
}

export function rankingTable(element, options = {}) {
  return new Table(element, {
    columns: columns(options),
    key: (row) => row.unit,
    words: (row) => `${row.name.vi} ${row.name.en ?? ""} ${row.unit}`,
    compare: byName,
    ...options,
  });
}
