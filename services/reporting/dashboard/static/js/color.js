// Colours of figures: one hue from light to dark, read from the style sheet, so that both appearances have their own.

const STEPS = 7;

/** The value of a custom property. */
export function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * A scale over the figures that are shown.
 * @param {number[]} values
 * @returns {{low: number, high: number, step: (value: number) => number}} step: 1 (lowest) to 7 (highest)
 */
export function scale(values) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const step = (value) => (high > low ? Math.min(STEPS, 1 + Math.floor(((value - low) / (high - low)) * STEPS)) : 4);
  return { low, high, step };
}

/** Fills an element with the legend of a scale. */
export function ramp(element, { low, high }, words) {
  element.replaceChildren();
  if (!Number.isFinite(low)) return;
  const add = (text) => element.append(Object.assign(document.createElement("span"), { textContent: text }));
  add(words.low);
  for (let n = 1; n <= STEPS; n++) {
    element.append(Object.assign(document.createElement("i"), { className: `step-${n}` }));
  }
  add(words.high);
}
