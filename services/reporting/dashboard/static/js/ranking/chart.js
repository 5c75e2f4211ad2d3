// The ranking as a chart: bars of the indices, whiskers of their 95 % intervals, grades behind them.
import { chart, look } from "../chart.js";
import { name, t } from "../labels.js";
import { bandStep, index, number, sentence } from "./rows.js";

export const MOST = 60;
const ROW_PX = 25;
const HEAD_PX = 46;
const NARROW_PX = 520;

/** A chart of rankings in an element. `draw(rows, model)` draws one; `onunit(row)` is called when a bar is chosen. */
export async function rankingChart(element, onunit) {
  const made = await chart(element);
  let rows = [];
  made.made.on("click", (event) => rows[event.dataIndex] && onunit(rows[event.dataIndex]));

  function draw(all, model) {
    rows = all.slice(0, MOST);
    element.style.height = `${(rows.length * ROW_PX + HEAD_PX) * look().scale}px`;
    made.made.resize();
    made.set(options(rows, model, element.clientWidth));
  }
  return { draw };
}

function options(rows, model, width) {
  const colors = look();
  const narrow = width < NARROW_PX;
  const px = (size) => size * colors.scale;
  const names = rows.map((row) => name(row.name));
  return {
    aria: { enabled: false },
    grid: { left: px(narrow ? 112 : 178), right: px(24), top: 10, bottom: px(30) },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow" },
      renderMode: "richText",
      confine: true,
      backgroundColor: colors.surface,
      borderColor: colors.line,
      textStyle: { color: colors.text, fontFamily: colors.font, fontSize: px(14), width: Math.min(px(360), width - 40), overflow: "break" },
      formatter: ([first]) => sentence(rows[first.dataIndex]).replaceAll(" · ", "\n"),
    },
    xAxis: {
      type: "value",
      min: 0,
      max: 100,
      axisLabel: { color: colors.quiet, fontSize: px(12), formatter: "{value}" },
      splitLine: { lineStyle: { color: colors.line } },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: names,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: colors.text, fontSize: px(12), width: px(narrow ? 104 : 168), overflow: "truncate", interval: 0 },
    },
    series: [bars(rows, model, colors), whiskers(rows, colors)],
  };
}

function bars(rows, model, colors) {
  return {
    id: "index",
    type: "bar",
    barWidth: "62%",
    data: rows.map((row) => ({
      value: number(row),
      itemStyle: {
        color: colors.bar,
        opacity: row.provisional ? 0.55 : 1,
        borderRadius: [0, 3, 3, 0],
        decal: row.provisional
          ? { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: -Math.PI / 4, color: colors.surface }
          : { symbol: "none" },
      },
      label: {
        show: true,
        position: "insideLeft",
        formatter: index(row),
        color: row.index === null ? colors.quiet : colors.surface,
        fontWeight: 600,
        fontSize: 12 * colors.scale,
      },
    })),
    markArea: { silent: true, data: bands(model, colors) },
  };
}

/** Each grade as a strip of the background, from its floor to the next one's. */
function bands(model, colors) {
  const ordered = [...model.bands].sort((a, b) => Number(b.from) - Number(a.from));
  return ordered.map((band, n) => [
    {
      xAxis: Number(band.from),
      itemStyle: { color: colors.bands[Math.min(n, 4)], opacity: 0.14 },
      name: name(band.name),
      label: { show: false },
    },
    { xAxis: n ? Number(ordered[n - 1].from) : 100 },
  ]);
}

function whiskers(rows, colors) {
  return {
    id: "interval",
    name: t("ranking.error"),
    type: "custom",
    silent: true,
    z: 5,
    encode: { x: [1, 2], y: 0 },
    data: rows.map((row, n) => [n, ...(row.interval ?? [null, null]).map((end) => (end === null ? NaN : Number(end)))]),
    renderItem: (_, api) => {
      const [low, high] = [api.value(1), api.value(2)];
      if (Number.isNaN(low) || Number.isNaN(high)) return null;
      const [x1, y] = api.coord([Math.max(0, low), api.value(0)]);
      const [x2] = api.coord([Math.min(100, high), api.value(0)]);
      const style = { stroke: colors.whisker, lineWidth: 1.6 * colors.scale, fill: null };
      const line = (...points) => ({ type: "polyline", shape: { points }, style });
      return { type: "group", children: [line([x1, y], [x2, y]), line([x1, y - 4], [x1, y + 4]), line([x2, y - 4], [x2, y + 4])] };
    },
  };
}

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
