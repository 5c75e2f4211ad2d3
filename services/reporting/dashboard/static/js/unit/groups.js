// What each group alone makes of a unit, with its error; what its opinions took: chart and table.
import { barChart } from "../bars.js";
import { fillIndex, orDash } from "../cells.js";
import { $, h, say } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { index, interval, number } from "../ranking/rows.js";
import { Table } from "../table.js";
import { fixed } from "./words.js";

/** Rows of both answers: the unit's groups, with the points that each took and its part of the error. */
function rows(unit, losses) {
  const lost = new Map(losses.groups.map((group) => [group.group, group]));
  const parts = new Map(unit.uncertainty.groups.map((group) => [group.group, group]));
  return unit.groups.map((group) => ({ ...group, took: lost.get(group.group), error: parts.get(group.group) }));
}

/** The points that a group took. One that nobody answered for has taken none, which is no zero. */
function took(row) {
  if (!row.took || (row.index === null && !row.suppressed)) return null;
  return row.took.suppressed ? t("mark.suppressed") : fixed(row.took.lost);
}
const part = (row) => (row.error?.part ? `${figure(row.error.part)} %` : null);
const forms = (row) => `${count(row.n)} ${t("col.n").toLowerCase()}`;

function sentence(row) {
  return [
    `${name(row.name)}: ${index(row)}`,
    row.interval && `${t("col.interval")}: ${interval(row)}`,
    forms(row),
    took(row) && `${t("unit.took")}: ${took(row)}`,
  ].filter(Boolean);
}

/** `choose(group, text)` makes a link to the losses by a group. */
export function groupsPanel(choose) {
  function fillGroup(cell, row) {
    if (!cell.firstChild) cell.append(choose(row.group), h("span", { class: "sub" }));
    const [link, sub] = cell.children;
    say(link, name(row.name));
    say(sub, sentence(row).slice(1).join(" · "));
  }
  const table = new Table($("groups"), {
    columns: [
      { key: "group", title: t("ranking.group"), class: "who", header: true, fill: fillGroup },
      { key: "index", title: t("col.index"), class: "num index", fill: fillIndex },
      { key: "interval", title: t("col.interval"), class: "num wide", fill: orDash(interval) },
      { key: "n", title: t("col.n"), class: "num wide", fill: (cell, row) => say(cell, count(row.n)) },
      { key: "took", title: t("unit.took"), class: "num wide", fill: orDash(took) },
      { key: "error", title: t("unit.error_part"), class: "num wide", fill: orDash(part) },
    ],
    key: (row) => row.group,
    words: (row) => name(row.name),
  });
  let chart = null;
  return {
    drawTable: (unit, losses) => table.show(rows(unit, losses), t("unit.groups_caption", { unit: name(unit.name) })),
    async drawChart(unit, losses) {
      const element = $("groups-chart");
      element.setAttribute("aria-label", t("unit.groups_label", { unit: name(unit.name), n: unit.groups.length }));
      chart ??= await barChart(element, { high: true });
      chart.draw(
        rows(unit, losses).map((row) => ({
          name: name(row.name),
          value: number(row),
          text: index(row),
          tip: sentence(row).join("\n"),
          interval: row.interval,
        })),
      );
    },
  };
}
