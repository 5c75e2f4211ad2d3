// The leaves by the points lost on them, and what one more step on each would move.
import { orDash } from "../cells.js";
import { $, h, say } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { sum } from "../exact.js";
import { Table } from "../table.js";
import { key, way } from "./leaves.js";
import { apart, fixed, method, points } from "./words.js";

export const COUNCIL = "council";
export const SORTS = ["leaf", "lost", "of_index", "step"];

/** Leaves that are shown before more are asked for: those that cost most. */
const PART = 15;

/** What a row says was lost: on the whole leaf, or by the part of the group that is looked at. */
function lostBy(row, by) {
  if (!by || by === COUNCIL) return row.lost;
  return row.groups.find((group) => group.group === by)?.lost ?? null;
}

/** @param open makes a link that opens parts of the drill-down; `onsort(sort)` is told of a new order */
export function lossesPanel(open, onsort) {
  let by = null;
  let most = 1;
  let unit = null;
  let order = new Map();

  const hidden = (row) => (row.lost === null ? t("mark.suppressed") : null);
  const lost = (row) => hidden(row) ?? t("unit.of", { n: points(lostBy(row, by) ?? "0"), all: points(row.max_points) });
  const inIndex = (row) => (row.of_index === null ? null : figure(row.of_index));
  const beside = (row) => (row.block_mean === null ? null : `${points(row.block_mean)} · ${points(row.block_best)}`);
  const parts = (row) =>
    row.method === "appraisal"
      ? t("unit.appraisal")
      : row.groups.length
        ? row.groups.map((group) => `${group.group} ${points(group.lost)}`).join(" · ")
        : row.suppressed
          ? t("mark.suppressed")
          : null;
  const step = (row) => {
    if (row.lost === null || (row.suppressed && !row.step)) return null;
    if (!row.step) return t("unit.at_most");
    return `${figure(row.step.index)} (${apart(row.step.index_exact, unit.index_exact)})`;
  };
  const rank = (row) => (!row.step || unit.rank === null ? null : unit.rank === row.step.rank ? t("unit.rank_same") : t("unit.rank_moves", { from: unit.rank, to: row.step.rank }));

  function fillLeaf(cell, row) {
    if (!cell.firstChild) cell.append(open("", order.get(row.leaf)?.keys ?? [], key("leaf", row.leaf)), h("span", { class: "under-name" }), h("span", { class: "sub" }));
    const [link, more, sub] = cell.children;
    say(link, `${row.leaf}. ${name(row.name)}`);
    say(more, `${order.get(row.leaf)?.field ?? row.field} · ${method(row)}`);
    say(
      sub,
      [
        row.of_index === null ? null : `${t("unit.of_index")}: ${inIndex(row)}`,
        beside(row) && `${t("unit.beside")}: ${beside(row)}`,
        step(row) && `${t("unit.step")}: ${step(row)}`,
        rank(row),
      ]
        .filter(Boolean)
        .join(" · "),
    );
  }
  function fillLost(cell, row) {
    if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("span", { class: "meter", "aria-hidden": "true" }, h("i", { class: "lost" })));
    const [said, meter] = cell.children;
    say(said, lost(row));
    said.classList.toggle("missing", row.lost === null);
    meter.hidden = row.lost === null;
    meter.firstChild.style.width = `${(100 * Number(lostBy(row, by) ?? 0)) / most}%`;
  }
  function fillStep(cell, row) {
    if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("span", { class: "under-name" }));
    const [said, moves] = cell.children;
    say(said, step(row) ?? "–");
    said.classList.toggle("missing", !row.step);
    say(moves, rank(row) ?? "");
  }

  const table = new Table($("lost"), {
    columns: [
      { key: "leaf", title: t("unit.leaf"), class: "who", header: true, sort: (row) => order.get(row.leaf)?.n ?? null, fill: fillLeaf },
      { key: "lost", title: t("unit.points_lost"), class: "num index", sort: (row) => number(lostBy(row, by)), first: "descending", fill: fillLost },
      { key: "of_index", title: t("unit.of_index"), class: "num wide", sort: (row) => number(row.of_index_exact), first: "descending", fill: orDash(inIndex) },
      { key: "beside", title: t("unit.beside"), class: "num wide", fill: orDash(beside) },
      { key: "parts", title: t("unit.by"), class: "wide parts", fill: orDash(parts) },
      { key: "step", title: t("unit.step"), class: "num wide", sort: (row) => number(row.step?.index_exact ?? null), first: "descending", fill: fillStep },
    ],
    key: (row) => row.leaf,
    words: (row) => name(row.name),
    part: PART,
    onsort,
    onshown: (shown, all, left) => {
      $("more").hidden = left === 0;
      say($("more"), t("unit.more", { n: count(left) }));
    },
  });
  const all = () => {
    table.most = Infinity;
    table.draw();
  };
  $("more").addEventListener("click", all);
  addEventListener("beforeprint", all);

  return {
    table,
    /** @param {{field: string | null, by: string | null}} chosen */
    draw(found, places, losses, chosen) {
      unit = found;
      by = chosen.by;
      order = new Map([...places].map(([code, place], n) => [code, { n, keys: way(place), field: `${place.field.field}. ${name(place.field.name)}` }]));
      const ofField = losses.leaves.filter((row) => !chosen.field || row.field === chosen.field);
      const rows = ofField.filter((row) => !by || (by === COUNCIL ? row.method === "appraisal" : row.groups.some((group) => group.group === by)));
      most = Math.max(...rows.map((row) => number(lostBy(row, by)) ?? 0)) || 1;
      table.show(rows, t("unit.lost_caption", { unit: name(unit.name) }));
      $("lost-some").hidden = rows.length === 0;
      const apartFrom = ofField.filter((row) => row.suppressed).length;
      const said = [t("unit.leaves", { n: count(rows.length) })];
      if (apartFrom) said.push(t("unit.leaves_hidden", { n: count(apartFrom) }));
      say($("lost-shown"), said.join(" "));
      say($("lost-note"), whole(losses));
      say($("lost-codes"), losses.groups.map((group) => `${group.group}: ${name(group.name)}`).join("; "));
    },
  };
}

const number = (text) => (text === null || text === undefined ? null : Number(text));

/** How much was lost by the survey and how much by the council, over the leaves that show it. */
function whole(losses) {
  if (losses.leaves.every((row) => row.lost === null)) return t("mark.none");
  const of = (which) => sum(losses.leaves.filter((row) => row.method === which && row.lost !== null).map((row) => row.lost));
  return t("unit.lost_note", { survey: fixed(of("survey")), council: fixed(of("appraisal")) });
}
