// What a row of a ranking says, in words: used by table, chart, tiles and wall alike.
import { count, figure, name, t } from "../labels.js";

/** Why there is no figure; null where there is one. */
export function missing(row) {
  if (row.index !== null) return null;
  if (row.withheld === "index") return t("mark.withheld");
  return row.suppressed ? t("mark.suppressed") : t("mark.none");
}

/** The number to draw a figure by: for lengths and colours only, what is said are the exact digits. */
export const number = (row) => (row.index === null ? null : Number(row.index_exact ?? row.index));

export const index = (row) => missing(row) ?? figure(row.index);
export const interval = (row) => (row.interval ? `${figure(row.interval[0])}–${figure(row.interval[1])}` : null);
export const rankInterval = (row) => (row.rank_interval ? `${row.rank_interval[0]}–${row.rank_interval[1]}` : null);

/** Marks of a row's state. */
export function marks(row) {
  const found = [];
  if (row.tied) found.push({ kind: "tied", text: t("mark.tied") });
  if (row.withheld === "breakdown") found.push({ kind: "withheld", text: t("mark.breakdown") });
  if (row.provisional) {
    const leaves = row.pending.slice(0, 12).join(", ") + (row.pending.length > 12 ? ", …" : "");
    found.push({
      kind: "provisional",
      text: t("mark.provisional"),
      why: t("mark.provisional.why", { n: row.pending.length, leaves }),
    });
  }
  return found;
}

/** All of a row in one sentence. */
export function sentence(row) {
  const parts = [`${name(row.name)}: ${index(row)}`];
  if (row.rank !== null) parts.push(`${t("col.rank")} ${row.rank}`);
  if (row.interval) parts.push(`${t("col.interval")} ${interval(row)}`);
  if (row.rank_interval) parts.push(`${t("col.rank_interval")} ${rankInterval(row)}`);
  if (row.band) parts.push(name(row.band));
  parts.push(`${t("col.n")} ${count(row.n)}`, ...marks(row).map((mark) => mark.text));
  return parts.join(" · ");
}

/** The definition's bands, the best first, named in the page's language. */
export const bandsOf = (model) =>
  [...model.bands].sort((a, b) => Number(b.from) - Number(a.from)).map((band) => ({ from: band.from, name: name(band.name), vi: band.name.vi }));

/** The place of a row's band among them: 1 to 5. */
export function bandStep(model, row) {
  if (!row.band) return null;
  const place = bandsOf(model).findIndex((band) => band.vi === row.band.vi);
  return place < 0 ? null : Math.min(5, place + 1);
}
