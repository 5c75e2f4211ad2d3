// Then and now as a chart: by index a line from a hollow dot to a full one, by rank a line from the left to the right.
import { chart, look } from "../chart.js";
import { css } from "../color.js";
import { name, t } from "../labels.js";
import { leftOf, nameAxis, NARROW_PX, tooltip, valueAxis } from "../plot.js";
import { number, sentence, signed, way } from "./rows.js";

export const MOST = 60;
const ROW_PX = 25;
const HEAD_PX = 46;

/** `draw(rows, view)`: the first rows, by `index` or by `rank`; `onunit(row)` is called when one is chosen. */
export async function compareChart(element, onunit) {
  const made = await chart(element);
  let rows = [];
  made.made.on("click", (event) => rows[event.dataIndex] && onunit(rows[event.dataIndex]));
  return (all, view) => {
    rows = all.slice(0, MOST);
    const colors = { ...look(), up: css("--good"), down: css("--bad") };
    element.style.height = `${(rows.length * ROW_PX + HEAD_PX) * colors.scale}px`;
    made.made.resize();
    const draw = view === "rank" ? slopes : dumbbells;
    made.made.setOption({ animation: false, textStyle: { fontFamily: colors.font, color: colors.text }, aria: { enabled: false }, ...draw(rows, colors, element.clientWidth) }, { notMerge: true });
  };
}

const color = (row, colors) => ({ 1: colors.up, "-1": colors.down })[way(row)] ?? colors.quiet;
/** What chance does not explain is drawn full, the rest broken. */
const dash = (row) => (row.difference?.significant ? "solid" : [4, 3]);
const ends = (row) => [number(row.then?.index_exact ?? null), number(row.now.index_exact)];

function dumbbells(rows, colors, width) {
  const px = (size) => size * colors.scale;
  const found = rows.flatMap(ends).filter((value) => value !== null);
  const [low, high] = [Math.min(...found), Math.max(...found)];
  return {
    grid: { left: leftOf(colors, width), right: px(24), top: 10, bottom: px(30) },
    tooltip: tooltip(colors, width, (n) => sentence(rows[n]).join("\n")),
    // Positions, not lengths: the axis need not begin at 0.
    xAxis: valueAxis(colors, found.length ? { min: Math.floor(low / 5) * 5, max: Math.ceil(high / 5) * 5 } : {}),
    yAxis: nameAxis(colors, rows.map((row) => name(row.name)), width),
    series: [
      {
        id: "ends",
        type: "custom",
        encode: { x: [1, 2], y: 0 },
        data: rows.map((row, n) => [n, ...ends(row).map((value) => value ?? NaN)]),
        renderItem: ({ dataIndex }, api) => {
          const row = rows[dataIndex];
          const places = [1, 2].map((place) => (Number.isNaN(api.value(place)) ? null : api.coord([api.value(place), api.value(0)])));
          const [then, now] = places;
          const stroke = color(row, colors);
          const r = px(4.5);
          const parts = [];
          if (then && now) parts.push({ type: "line", shape: { x1: then[0], y1: then[1], x2: now[0], y2: now[1] }, style: { stroke, lineWidth: px(2.5), lineDash: dash(row) } });
          if (then) parts.push({ type: "circle", shape: { cx: then[0], cy: then[1], r }, style: { fill: colors.surface, stroke, lineWidth: px(2) } });
          if (now) parts.push({ type: "circle", shape: { cx: now[0], cy: now[1], r }, style: { fill: stroke, stroke, lineWidth: px(2) } });
          return { type: "group", children: parts };
        },
      },
    ],
  };
}

/** Where a unit stood then: its place among those that are drawn, so that equals do not cover each other. */
function places(rows) {
  const then = rows.filter((row) => row.then && row.then.rank !== null).sort((a, b) => a.then.rank - b.then.rank);
  return { then: new Map(then.map((row, n) => [row, n])), now: new Map(rows.filter((row) => row.now.rank !== null).map((row, n) => [row, n])) };
}

function slopes(rows, colors, width) {
  const px = (size) => size * colors.scale;
  const { then, now } = places(rows);
  const side = width < NARROW_PX ? width * 0.37 : Math.min(px(240), width * 0.36);
  const label = (at, text) => ({ show: true, position: at, formatter: text, color: colors.text, fontSize: px(12), width: side - px(14), overflow: "truncate" });
  return {
    grid: { left: side, right: side, top: px(30), bottom: px(8) },
    tooltip: { ...tooltip(colors, width, () => ""), trigger: "item", formatter: ({ seriesIndex }) => sentence(rows[seriesIndex]).join("\n") },
    xAxis: { type: "category", data: [t("compare.then"), t("compare.now")], boundaryGap: false, position: "top", axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colors.quiet, fontSize: px(12), fontWeight: 600 } },
    yAxis: { type: "value", inverse: true, show: false, min: -0.5, max: rows.length - 0.5 },
    series: rows.map((row) => ({
      id: row.unit,
      type: "line",
      symbol: "circle",
      symbolSize: px(7),
      lineStyle: { color: color(row, colors), width: px(1.8), type: dash(row) },
      itemStyle: { color: color(row, colors) },
      emphasis: { lineStyle: { width: px(4) } },
      // A unit without a rank has no end there.
      data: [
        then.has(row) ? { value: then.get(row), label: label("left", `${name(row.name)}  ${row.then.rank}`) } : "-",
        now.has(row) ? { value: now.get(row), label: label("right", `${row.now.rank}  ${name(row.name)}`) } : "-",
      ],
    })),
  };
}

/** What the chart says, for those who do not see it. */
export function description(rows, block) {
  const found = rows.filter((row) => way(row) !== null);
  if (!found.length) return t("compare.nothing");
  const ordered = [...found].sort((a, b) => Number(a.difference.index_exact) - Number(b.difference.index_exact));
  const [least, most] = [ordered[0], ordered[ordered.length - 1]];
  return t("compare.label", {
    block,
    n: found.length,
    most: `${name(most.name)} (${signed(most.difference.index)})`,
    least: `${name(least.name)} (${signed(least.difference.index)})`,
  });
}
