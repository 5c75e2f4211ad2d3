// What stands at the head of a unit's page: its figures, what it waits for, and the units beside it.
import { $, h, say } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { page } from "../page.js";
import { bandStep, index, interval, rankInterval } from "../ranking/rows.js";
import { follows, link } from "../state.js";
import { set } from "../summary.js";
import { key, way } from "./leaves.js";
import { apart, fixed, points } from "./words.js";

const block = (unit) => page.model.blocks.find((one) => one.code === unit.block);

export function drawHead(unit, places, open) {
  say(document.querySelector("h1"), name(unit.name));
  const found = block(unit);
  $("back").href = link(`/c/${page.campaign}`, { block: unit.block });
  say($("back"), `← ${t("unit.back")}${found ? `: ${name(found.name)}` : ""}`);
  beside($("previous"), unit.previous, (what) => `← ${what}`, t("unit.previous"));
  beside($("next"), unit.next, (what) => `${what} →`, t("unit.next"));
  summary(unit);
  drawPending(unit, places, open);
  $("released").hidden = !unit.released;
}

function beside(element, unit, write, why) {
  element.hidden = !unit;
  if (!unit) return;
  const said = [unit.rank === null ? null : `${unit.rank}.`, name(unit.name)].filter(Boolean).join(" ");
  say(element, write(said));
  element.title = why;
  if (!element.dataset.unit) follows(element, () => `/c/${page.campaign}/units/${element.dataset.unit}${location.search}`);
  element.dataset.unit = unit.unit;
  element.href = `/c/${page.campaign}/units/${unit.unit}${location.search}`;
}

function summary(unit) {
  const box = $("summary");
  box.hidden = false;
  const all = block(unit)?.units;
  const why = { "few-answers": t("unit.few"), "no-answers": t("unit.nobody") }[unit.uncertainty.reason];
  const provisional = unit.provisional ? t("mark.provisional") : null;
  const sure = unit.interval ? `${t("col.interval")}: ${interval(unit)}` : unit.index === null ? null : why;
  set(box, "index", t("col.index"), index(unit), both(provisional, sure));
  const ranks = unit.rank_interval ? `${t("col.rank_interval")}: ${rankInterval(unit)}` : null;
  const rank = unit.rank === null ? "–" : t("unit.rank", { rank: unit.rank, all: count(all ?? 0) });
  set(box, "rank", t("col.rank"), rank, both(unit.tied ? t("mark.tied") : null, ranks));
  set(box, "band", t("col.band"), unit.band ? name(unit.band) : "–", "");
  const step = bandStep(page.model, unit);
  box.querySelector('[data-key="band"] .value').className = step ? `value band band-${step}` : "value";
  const mean = unit.block_mean === null ? null : `${t("unit.mean")} ${figure(unit.block_mean)}`;
  const best = unit.block_best === null ? null : `${t("unit.best")} ${figure(unit.block_best)}`;
  set(box, "apart", t("unit.apart"), apart(unit.index_exact, unit.block_mean_exact) ?? "–", both(mean, best));
  const adjusted = [
    Number(unit.bonus) ? `${t("unit.bonus")} +${points(unit.bonus)}` : null,
    Number(unit.penalty) ? `${t("unit.penalty")} −${points(unit.penalty)}` : null,
  ];
  const earned = unit.index === null ? null : t("unit.earned", { earned: fixed(unit.earned), attainable: points(unit.attainable) });
  set(box, "lost", t("unit.points_lost"), unit.index === null ? "–" : fixed(unit.lost), both(earned, ...adjusted));
  set(box, "n", t("col.n"), count(unit.n), "");
}

const both = (...parts) => parts.filter(Boolean).join(" · ");

/** The leaves that have no points yet; none of them counts as zero. */
function drawPending(unit, places, open) {
  const box = $("pending");
  box.hidden = !unit.provisional;
  const said = JSON.stringify(unit.pending);
  if (box.hidden || box.dataset.said === said) return;
  box.dataset.said = said;
  const [head, list] = box.children;
  say(head, t("unit.pending", { n: count(unit.pending.length) }));
  list.replaceChildren(
    ...unit.pending.map((code) => {
      const place = places.get(code);
      if (!place) return h("li", {}, code);
      const waits = t(place.leaf.method === "survey" ? "unit.waits_answers" : "unit.waits_council");
      return h("li", {}, open(`${code}. ${name(place.leaf.name)}`, way(place), key("leaf", code)), ` – ${waits}`);
    }),
  );
}
