// The block in a few figures: highest, mean, lowest, how many.
import { $ } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { set } from "../summary.js";
import { index, number } from "./rows.js";

/** Shows them in `#summary`. The mean is of the figures shown, for the eye; the API has the exact one by field. */
export function drawSummary(rows, decimals) {
  const found = rows.filter((row) => row.index !== null);
  const box = $("summary");
  box.hidden = found.length === 0;
  if (!found.length) return;
  const mean = found.reduce((sum, row) => sum + number(row), 0) / found.length;
  const [best, lowest] = [found[0], found[found.length - 1]];
  const provisional = rows.filter((row) => row.provisional).length;
  set(box, "best", t("summary.best"), index(best), name(best.name));
  set(box, "mean", t("summary.mean"), figure(mean.toFixed(decimals)), "");
  set(box, "lowest", t("summary.lowest"), index(lowest), name(lowest.name));
  set(box, "units", t("summary.units"), count(rows.length), provisional ? `${t("summary.provisional")}: ${count(provisional)}` : "");
}
