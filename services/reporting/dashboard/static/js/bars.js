// Lying bars of figures in percent: whiskers of their intervals, marks of what they are compared with, grades behind.
import { chart, look } from "./chart.js";
import { t } from "./labels.js";
import { leftOf, nameAxis, tooltip, valueAxis } from "./plot.js";

/**
 * @typedef {object} Bar
 * @property {string} name
 * @property {number | null} value null: there is none, or none to show; `text` stands in its place
 * @property {string} text what is said on the bar
 * @property {string} tip all of it, in lines
 * @property {boolean} [hatched] whether the figure is provisional
 * @property {[string, string] | null} [interval]
 * @property {Record<string, number | null>} [marks] by the keys of `Drawn.marks`
 */
/**
 * @typedef {object} Drawn
 * @property {{from: string, name: string}[]} [bands] the best first
 * @property {{key: string, name: string, shape: "line" | "diamond"}[]} [marks]
 */

const ROW_PX = 25;
/** Rows as high as this have room for names of three lines. */
const HIGH_PX = 42;
const HEAD_PX = 46;
/** A bar shorter than this has its figure beside it. */
const SHORT = 14;

/** A chart in an element. `draw(bars, drawn)` draws one; `onbar(n)` is called when a bar is chosen. */
export async function barChart(element, { onbar, high = false } = {}) {
  const row = high ? HIGH_PX : ROW_PX;
  const made = await chart(element);
  if (onbar) made.made.on("click", (event) => onbar(event.dataIndex));

  /** @param {Bar[]} bars @param {Drawn} drawn */
  function draw(bars, drawn = {}) {
    element.style.height = `${(bars.length * row + HEAD_PX) * look().scale}px`;
    made.made.resize();
    made.set(options(bars, drawn, element.clientWidth, { chosen: Boolean(onbar), high }));
  }
  return { draw };
}

function options(bars, { bands = [], marks = [] }, width, { chosen, high }) {
  const colors = look();
  const names = nameAxis(colors, bars.map((bar) => bar.name), width);
  return {
    aria: { enabled: false },
    grid: { left: leftOf(colors, width), right: 24 * colors.scale, top: 10, bottom: 30 * colors.scale },
    tooltip: tooltip(colors, width, (n) => bars[n].tip),
    // Bonus points may bring an index beyond 100.
    xAxis: valueAxis(colors, { min: 0, max: Math.max(100, ...bars.map((bar) => Math.ceil((bar.value ?? 0) / 5) * 5)) }),
    yAxis: high ? lines(names) : names,
    series: [
      values(bars, bands, colors, chosen),
      whiskers(bars, colors),
      without(bars, colors),
      ...marks.map((mark) => compared(bars, mark, colors)),
    ],
  };
}

/** The same axis with names of up to three lines. */
function lines(axis) {
  const lineHeight = axis.axisLabel.fontSize * 1.1;
  return { ...axis, axisLabel: { ...axis.axisLabel, overflow: "break", lineOverflow: "truncate", lineHeight, height: 3 * lineHeight } };
}

/** Why a row has no bar: said where it would begin. */
function without(bars, colors) {
  return {
    id: "without",
    type: "custom",
    silent: true,
    z: 5,
    encode: { x: 1, y: 0 },
    data: bars.map((bar, n) => [n, bar.value === null ? 0 : NaN]),
    renderItem: (_, api) => {
      if (Number.isNaN(api.value(1))) return null;
      const [x, y] = api.coord([0, api.value(0)]);
      const style = { text: bars[api.value(0)].text, x: x + 6, y, verticalAlign: "middle", fill: colors.quiet, font: `${12 * colors.scale}px ${colors.font}` };
      return { type: "text", style };
    },
  };
}

function values(bars, bands, colors, chosen) {
  return {
    id: "index",
    type: "bar",
    barWidth: "62%",
    cursor: chosen ? "pointer" : "default",
    data: bars.map((bar) => {
      const inside = bar.value !== null && bar.value >= SHORT;
      return {
        value: bar.value,
        itemStyle: {
          color: colors.bar,
          opacity: bar.hatched ? 0.55 : 1,
          borderRadius: [0, 3, 3, 0],
          decal: bar.hatched
            ? { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: -Math.PI / 4, color: colors.surface }
            : { symbol: "none" },
        },
        label: {
          show: bar.value !== null,
          position: inside ? "insideLeft" : "right",
          formatter: bar.text,
          color: inside ? colors.surface : colors.text,
          fontWeight: 600,
          fontSize: 12 * colors.scale,
        },
      };
    }),
    markArea: { silent: true, data: strips(bands, colors) },
  };
}

/** Each grade as a strip of the background, from its floor to the next one's. */
function strips(bands, colors) {
  return bands.map((band, n) => [
    {
      xAxis: Number(band.from),
      itemStyle: { color: colors.bands[Math.min(n, 4)], opacity: 0.14 },
      name: band.name,
      label: { show: false },
    },
    { xAxis: n ? Number(bands[n - 1].from) : 100 },
  ]);
}

function whiskers(bars, colors) {
  return {
    id: "interval",
    name: t("ranking.error"),
    type: "custom",
    silent: true,
    z: 5,
    encode: { x: [1, 2], y: 0 },
    data: bars.map((bar, n) => [n, ...(bar.interval ?? [null, null]).map((end) => (end === null ? NaN : Number(end)))]),
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

/** What the bars are compared with: a line across each, or a diamond on it. */
function compared(bars, mark, colors) {
  return {
    id: mark.key,
    name: mark.name,
    type: "custom",
    silent: true,
    z: 6,
    encode: { x: 1, y: 0 },
    data: bars.map((bar, n) => [n, bar.marks?.[mark.key] ?? NaN]),
    renderItem: (_, api) => {
      const value = api.value(1);
      if (Number.isNaN(value)) return null;
      const [x, y] = api.coord([value, api.value(0)]);
      const half = api.size([0, 1])[1] * 0.42;
      const size = 5 * colors.scale;
      const style = { fill: colors.whisker, stroke: colors.surface, lineWidth: 1.5 * colors.scale };
      if (mark.shape === "line") {
        const wide = 1.75 * colors.scale;
        return { type: "rect", shape: { x: x - wide, y: y - half, width: 2 * wide, height: 2 * half }, style: { ...style, lineWidth: colors.scale } };
      }
      return { type: "polygon", shape: { points: [[x, y - size], [x + size, y], [x, y + size], [x - size, y]] }, style };
    },
  };
}
