// The ranking as a chart: bars of the indices, whiskers of their 95 % intervals, grades behind them.
import { barChart } from "../bars.js";
import { name, t } from "../labels.js";
import { bandsOf, index, number, sentence } from "./rows.js";

export const MOST = 60;

/** A chart of rankings in an element. `draw(rows, model)` draws one; `onunit(row)` is called when a bar is chosen. */
export async function rankingChart(element, onunit) {
  let rows = [];
  const made = await barChart(element, { onbar: (n) => rows[n] && onunit(rows[n]) });
  return {
    draw(all, model) {
      rows = all.slice(0, MOST);
      made.draw(rows.map(bar), { bands: bandsOf(model) });
    },
  };
}

/** A row as the chart draws it. */
const bar = (row) => ({
  name: name(row.name),
  value: number(row),
  text: index(row),
  tip: sentence(row).replaceAll(" · ", "\n"),
  hatched: row.provisional,
  interval: row.interval,
});

/** What the chart says, for those who do not see it. */
export function description(rows, block, what) {
  const found = rows.filter((row) => row.index !== null);
  if (!found.length) return t("mark.none");
  const [best, worst] = [found[0], found[found.length - 1]];
  return t("chart.label", {
    what,
    block,
    best: name(best.name),
    best_index: index(best),
    worst: name(worst.name),
    worst_index: index(worst),
  });
}
