// What a row of a comparison says, in words: used by table and charts alike.
import { figure, name, t } from "../labels.js";

export const number = (text) => (text === null ? null : Number(text));
export const figureOr = (text, other = "–") => (text === null || text === undefined ? other : figure(text));

/** A difference with its sign: `+2,00`, `−1,50`, `0,00`. */
export function signed(text) {
  if (text === null) return null;
  const size = figure(text.replace("-", ""));
  return Number(text) === 0 ? size : `${text.startsWith("-") ? "−" : "+"}${size}`;
}

/** Ranks gained or lost: `▲ 2`, `▼ 3`, `=`. */
export function moved(ranks) {
  if (ranks === null) return null;
  return ranks === 0 ? "=" : `${ranks > 0 ? "▲" : "▼"} ${Math.abs(ranks)}`;
}

/** The same in words. */
export function movedSaid(ranks) {
  if (ranks === null) return t("compare.no_ranks");
  return t(ranks === 0 ? "compare.same" : ranks > 0 ? "compare.up" : "compare.down", { n: Math.abs(ranks) });
}

const VERDICTS = new Map([
  [true, "compare.significant"],
  [false, "compare.chance"],
  [null, "compare.unknown"],
]);

/** Whether chance explains the difference, in words; null where there is no difference. */
export const verdict = (row) => (row.difference === null || row.difference.index === null ? null : t(VERDICTS.get(row.difference.significant)));

/** Which way the index went: 1, -1 or 0; null where that is not known. */
export const way = (row) => (row.difference === null || row.difference.index_exact === null ? null : Math.sign(Number(row.difference.index_exact)));

/** Marks of a row: new, merged, renamed. */
export function marks(row) {
  if (row.then === null) return [{ kind: "new", text: t("compare.new") }];
  const { units } = row.then;
  if (units.length > 1) return [{ kind: "merged", text: t("compare.merged", { names: units.map((unit) => name(unit.name)).join(", ") }) }];
  return name(units[0].name) === name(row.name) ? [] : [{ kind: "renamed", text: t("compare.renamed", { name: name(units[0].name) }) }];
}

/** All of a row in lines. */
export function sentence(row) {
  const { then, now, difference } = row;
  const rank = (found) => (found.rank === null ? "" : `, ${t("compare.rank", { n: found.rank })}`);
  return [
    name(row.name),
    then && `${t("compare.then")}: ${figureOr(then.index, t("mark.none"))}${rank(then)}`,
    `${t("compare.now")}: ${figureOr(now.index, t("mark.none"))}${rank(now)}`,
    difference?.index && `${t("compare.difference")}: ${signed(difference.index)} · ${movedSaid(difference.ranks)}`,
    verdict(row),
    ...marks(row).map((mark) => mark.text),
  ].filter(Boolean);
}
