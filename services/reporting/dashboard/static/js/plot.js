// What the charts of several pages have in common: their axes, what is told at the pointer, colours of groups.
import { css } from "./color.js";
import { count } from "./labels.js";

export const NARROW_PX = 520;
const GROUPS = 8;

/** The options of what is told at the pointer: `say(dataIndex)` gives its lines. */
export function tooltip(colors, width, say, pointer = "shadow") {
  const px = (size) => size * colors.scale;
  return {
    trigger: "axis",
    axisPointer: { type: pointer },
    renderMode: "richText",
    confine: true,
    backgroundColor: colors.surface,
    borderColor: colors.line,
    textStyle: { color: colors.text, fontFamily: colors.font, fontSize: px(14), width: Math.min(px(360), width - 40), overflow: "break" },
    formatter: (found) => say([found].flat()[0].dataIndex),
  };
}

/** An axis of numbers. */
export function valueAxis(colors, more = {}) {
  return {
    type: "value",
    axisLabel: { color: colors.quiet, fontSize: 12 * colors.scale, hideOverlap: true, formatter: (value) => count(value) },
    splitLine: { lineStyle: { color: colors.line } },
    ...more,
  };
}

/** An axis of names from the top down, cut off where there is little room. */
export function nameAxis(colors, names, width) {
  return {
    type: "category",
    inverse: true,
    data: names,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: colors.text, fontSize: 12 * colors.scale, width: leftOf(colors, width) - 10 * colors.scale, overflow: "truncate", interval: 0 },
  };
}

/** The room that names take. */
export const leftOf = (colors, width) => (width < NARROW_PX ? 112 : 178) * colors.scale;

/** A colour for each group, in the definition's order; they come again after eight. */
export const groupColor = (place) => css(`--group-${(place % GROUPS) + 1}`);

/** A short line across a row at each value: where something was to be. Rows without a value have none. */
export function ticks(id, values, color, scale, half = 0.42) {
  return {
    id,
    type: "custom",
    silent: true,
    z: 5,
    encode: { x: 1, y: 0 },
    data: values.map((value, n) => [n, value ?? NaN]),
    renderItem: (_, api) => {
      const value = api.value(1);
      if (Number.isNaN(value)) return null;
      const [x, y] = api.coord([value, api.value(0)]);
      const height = api.size([0, 1])[1] * half;
      return { type: "line", shape: { x1: x, y1: y - height, x2: x, y2: y + height }, style: { stroke: color, lineWidth: 2.5 * scale } };
    },
  };
}
