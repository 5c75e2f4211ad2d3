// What the charts of several pages have in common: their axes, what is told at the pointer.
import { count } from "./labels.js";

export const NARROW_PX = 520;

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
