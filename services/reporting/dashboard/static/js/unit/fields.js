// A unit's fields beside the mean and the best of its block: chart and table.
import { barChart } from "../bars.js";
import { fillIndex, orDash } from "../cells.js";
import { $, h, say } from "../dom.js";
import { figure, name, t } from "../labels.js";
import { index, number } from "../ranking/rows.js";
import { Table } from "../table.js";
import { key } from "./leaves.js";
import { apart, fixed } from "./words.js";

const title = (field) => `${field.field}. ${name(field.name)}`;
const mean = (field) => (field.block_mean === null ? null : figure(field.block_mean));
const best = (field) => (field.block_best === null ? null : figure(field.block_best));
// Of what has no points yet nothing is lost; that is no zero.
const lost = (field) => (field.index === null ? null : fixed(field.lost));
const rank = (field) => (field.rank === null ? null : `${field.rank}${field.tied ? ` (${t("mark.tied")})` : ""}`);

function sentence(field) {
  return [
    `${title(field)}: ${index(field)}`,
    field.index === null || field.block_mean === null ? null : `${t("unit.apart")}: ${apart(field.index_exact, field.block_mean_exact)}`,
    field.block_mean === null ? null : `${t("unit.mean")}: ${mean(field)}`,
    field.block_best === null ? null : `${t("unit.best")}: ${best(field)}`,
    field.rank === null ? null : `${t("col.rank")}: ${rank(field)}`,
    field.index === null ? null : `${t("unit.points_lost")}: ${lost(field)}`,
  ].filter(Boolean);
}

/** The same where there is little room. */
function brief(field) {
  const of = { mean: mean(field), best: best(field), apart: apart(field.index_exact, field.block_mean_exact) ?? "–" };
  return [
    field.block_mean === null ? null : t("unit.brief", of),
    field.rank === null ? null : t("unit.rank_in", { rank: rank(field) }),
    field.index === null ? null : t("unit.lost_n", { lost: lost(field) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** `open(text, keys, at)` makes a link that opens parts of the drill-down. */
export function fieldsPanel(open) {
  function fillField(cell, field) {
    if (!cell.firstChild) cell.append(open("", [key("field", field.field)], key("field", field.field)), h("span", { class: "sub" }));
    const [link, sub] = cell.children;
    say(link, title(field));
    say(sub, brief(field));
  }
  const table = new Table($("fields"), {
    columns: [
      { key: "field", title: t("ranking.field"), class: "who", header: true, fill: fillField },
      { key: "index", title: t("col.index"), class: "num index", fill: fillIndex },
      { key: "apart", title: t("unit.apart"), class: "num wide", fill: orDash((field) => apart(field.index_exact, field.block_mean_exact)) },
      { key: "mean", title: t("unit.mean"), class: "num wide", fill: orDash(mean) },
      { key: "best", title: t("unit.best"), class: "num wide", fill: orDash(best) },
      { key: "rank", title: t("col.rank"), class: "num wide", fill: orDash(rank) },
      { key: "lost", title: t("unit.points_lost"), class: "num wide", fill: orDash(lost) },
    ],
    key: (field) => field.field,
    words: title,
  });
  let chart = null;
  return {
    drawTable: (unit) => table.show(unit.fields, t("unit.fields_caption", { unit: name(unit.name) })),
    /** `onfield(n)` is called when a field is chosen. */
    async drawChart(unit, onfield) {
      const element = $("fields-chart");
      element.setAttribute("aria-label", t("unit.fields_label", { unit: name(unit.name), n: unit.fields.length }));
      chart ??= await barChart(element, { onbar: onfield, high: true });
      const marks = [
        { key: "mean", name: t("unit.mean"), shape: "line" },
        { key: "best", name: t("unit.best"), shape: "diamond" },
      ];
      $("fields-key").replaceChildren(...marks.map((mark) => h("li", { class: mark.shape }, mark.name)));
      const bars = unit.fields.map((field) => ({
        name: title(field),
        value: number(field),
        text: index(field),
        tip: sentence(field).join("\n"),
        marks: { mean: exactly(field.block_mean_exact), best: exactly(field.block_best_exact) },
      }));
      chart.draw(bars, { marks });
    },
  };
}

/** A figure to draw by. */
const exactly = (text) => (text === null ? null : Number(text));
