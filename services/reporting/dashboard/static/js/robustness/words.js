// The assumptions behind a ranking in plain words, and what each does to a unit's rank.
import { count, name, t } from "../labels.js";
import { page } from "../page.js";

/** The key by which an assumption is known on the page: `equal_weights`, `without.CI`, `not_applicable`, `draws`. */
export const keyOf = (variation) => (variation.group ? `without.${variation.group}` : variation.variation);

const groupName = (code) => name(page.model.groups.find((group) => group.code === code)?.name ?? { vi: code });

/** What an assumption is called. */
export function called(variation) {
  if (variation.variation === "without") return t("robustness.without", { group: groupName(variation.group) });
  return t({ equal_weights: "robustness.equal", not_applicable: "robustness.other_rule", draws: "robustness.draws" }[variation.variation]);
}

/** What it means, in a sentence. */
export function meant(variation, draws) {
  if (variation.variation === "without") return t("robustness.without_why");
  if (variation.variation === "equal_weights") return t("robustness.equal_why");
  if (variation.variation === "draws") return t("robustness.draws_why", { n: count(draws) });
  return t(variation.rule === "field" ? "robustness.field_why" : "robustness.index_why");
}

/** All assumptions of an answer, the draws last. */
export const assumptions = (found) => [...found.variations, { variation: "draws" }];

/**
 * How an assumption moves a unit: the rank it comes to and how far that is from its `base`, upwards positive.
 * Of the draws it is the farther end of what nine of ten come to. null where there is no rank.
 * @returns {{rank: number, by: number} | null}
 */
export function move(row, assumption, place) {
  if (row.base === null) return null;
  if (assumption.variation !== "draws") {
    const rank = row.variations[place];
    return rank === null ? null : { rank, by: row.base - rank };
  }
  if (row.draws === null) return null;
  const { low, high } = row.draws;
  const rank = row.base - low > high - row.base ? low : high;
  return { rank, by: row.base - rank };
}

/** The assumption that moves a unit most; null where none does. */
export function strongest(row, all) {
  let best = null;
  all.forEach((assumption, place) => {
    const found = move(row, assumption, place);
    if (found && Math.abs(found.by) > Math.abs(best?.by ?? 0)) best = { assumption, ...found };
  });
  return best;
}

/** Whether no assumption and no draw moves a unit; of one that is partly hidden nobody can say so. */
export const firm = (row, all) => !row.suppressed && strongest(row, all) === null && row.draws !== null && row.draws.best === row.draws.worst;

/** Ranks gained or lost, in words. */
export const byWords = (by) => t(by === 0 ? "robustness.same" : by > 0 ? "robustness.up" : "robustness.down", { n: Math.abs(by) });

/** The strongest in a sentence. */
export function strongestSaid(row, all) {
  if (row.base === null) return t("mark.none");
  const found = strongest(row, all);
  return found ? t("robustness.most", { what: called(found.assumption), rank: found.rank, by: byWords(found.by) }) : t(row.suppressed ? "robustness.firm_shown" : "robustness.firm");
}

/** A range of ranks: `3`, or `1–5`. */
export const range = (low, high) => (low === null ? "–" : low === high ? String(low) : `${low}–${high}`);

/** All of a row in lines. */
export function sentence(row, all, draws) {
  return [
    name(row.name),
    row.rank === null ? t("mark.none") : `${t("robustness.published")}: ${row.rank}`,
    row.base !== row.rank && t("robustness.base", { n: row.base ?? "–" }),
    `${t("robustness.range")}: ${range(row.best, row.worst)}`,
    row.draws && `${t("robustness.nine")}: ${range(row.draws.low, row.draws.high)}`,
    row.draws && t("robustness.unchanged", { share: share(row.draws.unchanged, draws) }),
    strongestSaid(row, all),
  ].filter(Boolean);
}

/** Percent of the draws, whole. */
export const share = (n, draws) => Math.round((100 * n) / draws);
