// Shares and courses that the page reckons from counts, for the eye: the counts themselves are the API's.
import { count, figure, name, t } from "../labels.js";
import { page } from "../page.js";

const DECIMALS = 2;

/** Percent of a whole in the language of the page; null of nothing. */
export const share = (part, whole) => (whole ? figure(((100 * part) / whole).toFixed(DECIMALS)) : null);

/** How much of the time between opening and closing has gone by, 0 to 1. */
export function course(moment = Date.now()) {
  const [opens, closes] = [Date.parse(page.model.opens), Date.parse(page.model.closes)];
  return Math.min(1, Math.max(0, (moment - opens) / (closes - opens)));
}

/** Forms against what was asked for, in words. */
export function against(n, required) {
  return required ? t("participation.of", { n: count(n), all: count(required), share: share(n, required) }) : t("participation.unasked", { n: count(n) });
}

/** A group's name by its code. */
export function groupName(code) {
  const found = page.model.groups.find((one) => one.code === code);
  return found ? name(found.name) : (code ?? t("participation.group.none"));
}

/** The groups of the definition that rate a block, or any. */
export const raters = (block) => page.model.groups.filter((group) => !block || block.groups.includes(group.code));

/** Sums of what came in by group, over all days. */
export function byGroup(activity) {
  const sums = new Map();
  for (const { day: _, group, ...effects } of activity.by_group) {
    const before = sums.get(group) ?? {};
    sums.set(group, Object.fromEntries(Object.entries(effects).map(([effect, n]) => [effect, (before[effect] ?? 0) + n])));
  }
  return sums;
}

/**
 * A unit's forms of one group, or of all its groups.
 * @returns {{n: number, required: number | null, missing: boolean}} required only over groups whose quota is the unit's
 */
export function ofUnit(unit, group, below) {
  const cells = unit.groups.filter((cell) => !group || cell.group === group);
  const asked = cells.filter((cell) => cell.required !== null);
  return {
    n: group ? cells.reduce((sum, cell) => sum + cell.n, 0) : unit.n,
    asked: asked.reduce((sum, cell) => sum + cell.n, 0),
    required: asked.length ? asked.reduce((sum, cell) => sum + cell.required, 0) : null,
    missing: cells.some((cell) => cell.n < below),
  };
}
