// How forms are filled in and changed, group by group; what passes a threshold of the campaign is marked.
import { h, say } from "../dom.js";
import { count, figure, t } from "../labels.js";
import { Table } from "../table.js";
import { byGroup, groupName, share } from "./figures.js";

/** The rows: what came in from each group, how it is filled in, and the codes of its warnings. */
export function qualityRows(found) {
  const came = byGroup(found.activity);
  const filled = new Map((found.quality ?? []).map((one) => [one.group, one]));
  return found.groups.map(({ group }) => ({
    group,
    effects: came.get(group) ?? {},
    quality: filled.get(group) ?? null,
    warned: new Set(found.warnings.filter((one) => one.where.group === group).map((one) => one.code)),
  }));
}

function mark(cell, row, code, text, sub = "") {
  if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("small"), h("span", { class: "mark provisional" }));
  const [figure_, rest, warned] = cell.children;
  say(figure_, text);
  say(rest, sub);
  say(warned, row.warned.has(code) ? t("participation.over") : "");
  warned.hidden = !row.warned.has(code);
}

const changes = (effect, code) => (cell, row) => {
  const { [effect]: n = 0, submitted = 0 } = row.effects;
  const part = share(n, submitted);
  mark(cell, row, code, count(n), part === null ? "" : `${part} %`);
};

const filled = (key, code) => (cell, row) => {
  const { quality } = row;
  const why = quality === null ? t("participation.hidden") : quality.suppressed ? t("mark.suppressed") : t("mark.none");
  mark(cell, row, code, quality?.[key] ? `${figure(quality[key])} %` : why);
  cell.firstChild.classList.toggle("missing", !quality?.[key]);
};

export function qualityTable(element) {
  return new Table(element, {
    columns: [
      { key: "group", title: t("participation.group"), class: "who", header: true, fill: (cell, row) => say(cell, groupName(row.group)) },
      { key: "submitted", title: t("participation.submitted"), class: "num", fill: (cell, row) => say(cell, count(row.effects.submitted ?? 0)) },
      { key: "no_opinion", title: t("participation.no_opinions"), class: "num", fill: filled("no_opinion", "no_opinion") },
      { key: "straight", title: t("participation.straight_lines"), class: "num", fill: filled("straight_lining", "straight_lining") },
      { key: "edited", title: t("participation.edits"), class: "num", fill: changes("edited", "edited") },
      { key: "withdrawn", title: t("participation.withdrawals"), class: "num", fill: changes("withdrawn", "withdrawn") },
      { key: "conflict", title: t("participation.conflicts"), class: "num", fill: changes("conflict", "conflict") },
    ],
    key: (row) => row.group,
    words: (row) => row.group,
  });
}
