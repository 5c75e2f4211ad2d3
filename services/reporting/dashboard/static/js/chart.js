// ECharts, loaded when a chart is first drawn and not before: tables come first.
import { css } from "./color.js";
import { page } from "./page.js";

let loading = null;
/** The library; the same promise for all. */
export function library() {
  loading ??= import(`${page.static}/vendor/echarts.js`).then((module) => module.echarts);
  return loading;
}

/** Colours and letters of the page's appearance, for a chart's options. */
export function look() {
  return {
    text: css("--text"),
    quiet: css("--text-quiet"),
    line: css("--line"),
    surface: css("--surface"),
    accent: css("--accent"),
    bar: css("--bar"),
    whisker: css("--whisker"),
    font: css("--font"),
    /** How much larger letters are than 16 px: charts grow with the page's, up to the wall's. */
    scale: Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16,
    bands: [1, 2, 3, 4, 5].map((n) => css(`--band-${n}`)),
  };
}

const quietly = matchMedia("print, (prefers-reduced-motion: reduce)");

/**
 * A chart in an element that follows its size. `draw(look)` makes its options; they are set without a jump.
 * @param {HTMLElement} element
 */
export async function chart(element) {
  const echarts = await library();
  const made = echarts.init(element, null, { renderer: "canvas" });
  new ResizeObserver(() => made.resize()).observe(element);
  return {
    made,
    set(options) {
      made.setOption(
        {
          animation: !quietly.matches,
          animationDuration: 0,
          animationDurationUpdate: 500,
          textStyle: { fontFamily: look().font, color: look().text },
          ...options,
        },
        { notMerge: false, replaceMerge: ["series"] },
      );
    },
  };
}
