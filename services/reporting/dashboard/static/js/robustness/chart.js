// The range of each unit's rank as bars: thin over all assumptions, thick what nine of ten draws come to, a mark where it is published.
import { chart, look } from "../chart.js";
import { name, t } from "../labels.js";
import { leftOf, nameAxis, tooltip, valueAxis } from "../plot.js";
import { range, sentence } from "./words.js";

export const MOST = 60;
const ROW_PX = 25;
const HEAD_PX = 46;

/** `draw(rows, all, draws)`: the first rows; `onunit(row)` is called when one is chosen. */
export async function robustnessChart(element, onunit) {
  const made = await chart(element);
  let rows = [];
  made.made.on("click", (event) => rows[event.dataIndex] && onunit(rows[event.dataIndex]));
  return (shown, all, draws) => {
    rows = shown.slice(0, MOST);
    const colors = look();
    element.style.height = `${(rows.length * ROW_PX + HEAD_PX) * colors.scale}px`;
    made.made.resize();
    made.set(options(rows, all, draws, shown.length, colors, element.clientWidth));
  };
}

function options(rows, all, draws, units, colors, width) {
  const px = (size) => size * colors.scale;
  return {
    aria: { enabled: false },
    grid: { left: leftOf(colors, width), right: px(24), top: 10, bottom: px(30) },
    tooltip: tooltip(colors, width, (n) => sentence(rows[n], all, draws).join("\n")),
    xAxis: valueAxis(colors, { min: 0, max: units + 1, minInterval: 1, axisLabel: { color: colors.quiet, fontSize: px(12), hideOverlap: true, formatter: (rank) => (rank >= 1 && rank <= units ? String(rank) : "") } }),
    yAxis: nameAxis(colors, rows.map((row) => name(row.name)), width),
    series: [
      {
        id: "ranges",
        type: "custom",
        encode: { x: [1, 2, 3, 4, 5, 6], y: 0 },
        // A unit without a rank has nothing drawn.
        data: rows.map((row, n) => [n, row.best, row.worst, row.draws?.low ?? null, row.draws?.high ?? null, row.rank, row.base].map((value) => value ?? NaN)),
        renderItem: (_, api) => {
          const at = (place) => (Number.isNaN(api.value(place)) ? null : api.coord([api.value(place), api.value(0)]));
          const [best, worst, low, high, rank, base] = [1, 2, 3, 4, 5, 6].map(at);
          const parts = [];
          // A rank has a width of its own: also a range of one rank can be seen.
          const bar = (from, to, height, fill, opacity) => parts.push({ type: "rect", shape: { x: from[0] - px(3), y: from[1] - height / 2, width: to[0] - from[0] + px(6), height, r: px(2) }, style: { fill, opacity } });
          if (best && worst) bar(best, worst, px(5), colors.bar, 0.45);
          if (low && high) bar(low, high, px(12), colors.bar, 0.9);
          if (base && base[0] !== rank?.[0]) parts.push({ type: "circle", shape: { cx: base[0], cy: base[1], r: px(4) }, style: { fill: colors.surface, stroke: colors.whisker, lineWidth: px(2) } });
          if (rank) {
            const [x, y] = rank;
            const r = px(5.5);
            parts.push({ type: "polygon", shape: { points: [[x, y - r], [x + r, y], [x, y + r], [x - r, y]] }, style: { fill: colors.whisker, stroke: colors.surface, lineWidth: px(1.5) } });
          }
          return { type: "group", children: parts };
        },
      },
    ],
  };
}

/** What the chart says, for those who do not see it. */
export function description(rows, block) {
  const found = rows.filter((row) => row.best !== null);
  if (!found.length) return t("mark.none");
  const widest = found.reduce((best, row) => (row.worst - row.best > best.worst - best.best ? row : best));
  return t("robustness.label", { block, n: found.length, first: `${name(found[0].name)} (${range(found[0].best, found[0].worst)})`, widest: `${name(widest.name)} (${range(widest.best, widest.worst)})` });
}
