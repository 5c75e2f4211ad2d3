// Figures of a unit in words.
import { difference, rounded, short } from "../exact.js";
import { figure, t } from "../labels.js";
import { page } from "../page.js";

/** Points, as short as they are exact, at most with the campaign's decimals. */
export const points = (text) => figure(short(text, page.model.decimals));

/** Points with the campaign's decimals: in a column of sums. */
export const fixed = (text) => figure(rounded(text, page.model.decimals));

/** How far one figure is from another, with its sign. */
export function apart(from, what) {
  if (from === null || what === null) return null;
  const found = rounded(difference(from, what), page.model.decimals);
  if (!/[1-9]/.test(found)) return figure(found.replace("-", ""));
  return found.startsWith("-") ? `−${figure(found.slice(1))}` : `+${figure(found)}`;
}

/** A share from 0 to 1 in percent. */
export function percent(text) {
  const [whole, rest = ""] = text.split(".");
  const moved = `${whole}${rest.padEnd(2, "0").slice(0, 2)}.${rest.slice(2) || "0"}`.replace(/^0+(?=\d)/, "");
  return `${figure(rounded(moved, 1))} %`;
}

export const method = (leaf) => t(leaf.method === "survey" ? "unit.survey" : "unit.appraisal");
