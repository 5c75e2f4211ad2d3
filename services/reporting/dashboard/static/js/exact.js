// Arithmetic with exact figures that travel as texts: in whole numbers of their last decimal, never in floats.

/** A figure as a whole number of units of the given decimal, which it must not pass. */
function scaled(text, decimals) {
  const negative = text.startsWith("-");
  const [whole, rest = ""] = text.replace("-", "").split(".");
  const found = BigInt(whole + rest.padEnd(decimals, "0"));
  return negative ? -found : found;
}

const decimalsOf = (text) => (text.split(".")[1] ?? "").length;

function written(number, decimals) {
  const digits = (number < 0n ? -number : number).toString().padStart(decimals + 1, "0");
  const sign = number < 0n ? "-" : "";
  return decimals ? `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : sign + digits;
}

/** The sum of figures; "0" of none. */
export function sum(texts) {
  const decimals = Math.max(0, ...texts.map(decimalsOf));
  return written(texts.reduce((all, text) => all + scaled(text, decimals), 0n), decimals);
}

/** What is left of one figure without another. */
export const difference = (from, what) => sum([from, what.startsWith("-") ? what.slice(1) : `-${what}`]);

/** A figure with so many decimals, rounded half up (away from nought) as the service does. */
export function rounded(text, decimals) {
  const had = decimalsOf(text);
  if (had <= decimals) return written(scaled(text, decimals), decimals);
  const unit = 10n ** BigInt(had - decimals);
  const exact = scaled(text, had);
  const size = (2n * (exact < 0n ? -exact : exact) + unit) / (2n * unit);
  return written(exact < 0n ? -size : size, decimals);
}

/** The same without the noughts at its end: points are given by quarters, and are said as they are given. */
export function short(text, decimals) {
  const found = rounded(text, decimals);
  return found.includes(".") ? found.replace(/\.?0+$/, "") : found;
}
