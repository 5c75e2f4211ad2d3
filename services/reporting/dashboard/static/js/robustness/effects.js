// Which assumption moves the ranking most: for each how many units it moves, how far, and whom farthest.
import { h, say } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { Table } from "../table.js";
import { byWords, called, keyOf, meant, move } from "./words.js";

/** A row for each assumption, the strongest first. */
export function effectRows(found, all) {
  return all
    .map((assumption, place) => {
      const moves = found.rows.map((row) => ({ row, ...move(row, assumption, place) })).filter(({ by }) => by !== undefined);
      const size = moves.reduce((sum, { by }) => sum + Math.abs(by), 0);
      const farthest = moves.reduce((best, one) => (Math.abs(one.by) > Math.abs(best?.by ?? 0) ? one : best), null);
      return { key: keyOf(assumption), assumption, draws: found.draws, of: moves.length, moved: moves.filter(({ by }) => by !== 0).length, mean: moves.length ? size / moves.length : null, farthest };
    })
    .sort((a, b) => (b.mean ?? -1) - (a.mean ?? -1));
}

const moved = (row) => `${t("robustness.moved")}: ${t("robustness.n_of", { n: count(row.moved), all: count(row.of) })}`;
const farthest = (row) => (row.farthest?.by ? `${name(row.farthest.row.name)}: ${byWords(row.farthest.by)}` : null);

function fillWhat(cell, row) {
  if (!cell.firstChild) cell.append(h("strong"), h("span", { class: "why" }), h("span", { class: "sub" }));
  say(cell.children[0], called(row.assumption));
  say(cell.children[1], meant(row.assumption, row.draws));
  say(cell.children[2], [moved(row), farthest(row)].filter(Boolean).join(" · "));
}

/** `most()` is the largest mean of those shown, for the length of bars. */
export function effectTable(element, most) {
  const fillMean = (cell, row) => {
    if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("span", { class: "meter", "aria-hidden": "true" }, h("i")));
    say(cell.children[0], row.mean === null ? "–" : figure(row.mean.toFixed(1)));
    cell.children[1].hidden = row.mean === null;
    cell.children[1].firstChild.style.width = `${most() ? (100 * (row.mean ?? 0)) / most() : 0}%`;
  };
  return new Table(element, {
    columns: [
      { key: "what", title: t("robustness.assumption"), class: "who", header: true, fill: fillWhat },
      { key: "mean", title: t("robustness.mean"), class: "num index", fill: fillMean },
      { key: "moved", title: t("robustness.moved"), class: "num wide", fill: (cell, row) => say(cell, t("robustness.n_of", { n: count(row.moved), all: count(row.of) })) },
      { key: "farthest", title: t("robustness.farthest"), class: "wide", fill: (cell, row) => say(cell, farthest(row) ?? "–") },
    ],
    key: (row) => row.key,
    words: (row) => row.key,
  });
}
