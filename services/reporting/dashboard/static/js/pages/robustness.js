// How firm the ranks of a block are: the range of each, and which assumption moves it most.
import { onTheme } from "../frame.js";
import { address, getScores } from "../api.js";
import { options, segments } from "../controls.js";
import { $, announce, say } from "../dom.js";
import { csv, drawDownloads } from "../download.js";
import { count, figure, name, t } from "../labels.js";
import { keepCurrent, Live } from "../live.js";
import { clear, loading } from "../notice.js";
import { page, renewModel } from "../page.js";
import { needModel, refreshing } from "../refresh.js";
import { description, MOST, robustnessChart } from "../robustness/chart.js";
import { effectRows, effectTable } from "../robustness/effects.js";
import { progress } from "../robustness/progress.js";
import { robustnessTable } from "../robustness/table.js";
import { assumptions, called, firm, keyOf, range, share, strongest } from "../robustness/words.js";
import { listen, read, write } from "../state.js";
import { follow } from "../status.js";
import { set } from "../summary.js";
import { unitOf } from "../unit_cell.js";

const DRAWS = ["100", "1000", "10000"];
const USUAL = "1000";
/** New states are reckoned at most so often, and in a tenth of the time at most: it is the server's processor. */
const APART_MS = 5_000;
const TIMES = 10;
const base = `/v1/campaigns/${page.campaign}/robustness`;
const live = new Live(page.campaign);
const status = follow(live);

/** What the address asks for, with what it leaves out. */
function chosen() {
  const { block, draws, seed, sort, q } = read();
  const [, by, way] = /^(.+)-(ascending|descending)$/.exec(sort ?? "") ?? [];
  return {
    block: page.model.blocks.find((one) => one.code === block) ?? page.model.blocks[0],
    draws: /^[1-9]\d{0,3}$|^10000$/.test(draws ?? "") ? draws : USUAL,
    seed: /^\d{1,15}$/.test(seed ?? "") ? seed : null,
    sort: by ? { by, way } : null,
    q: q ?? "",
  };
}

function drawControls() {
  const now = chosen();
  const { blocks } = page.model;
  segments("blocks", "block", blocks.map((block) => [block.code, name(block.name)]), now.block.code);
  $("blocks").hidden = blocks.length < 2;
  const known = DRAWS.includes(now.draws) ? DRAWS : [...DRAWS, now.draws];
  options("draws", known.map((n) => [n, count(Number(n))]), now.draws);
  if ($("filter").value !== now.q) $("filter").value = now.q;
}

let shown = null;
let most = 0;
let units = null;
const effects = effectTable($("effects"), () => most);

/** The table has a column for each assumption: others, another table. */
function tableOf(found, all) {
  const key = JSON.stringify(all.map(keyOf));
  if (units?.key !== key) {
    units = { key, table: null };
    units.table = robustnessTable($("table"), found.variations, all, () => shown, {
      onsort: (sort) => write({ sort: `${sort.by}-${sort.way}` }, { replace: true, quiet: true }),
      onshown: (n, of, left) => {
        say($("shown"), of === 0 ? t("ranking.norows") : n === 0 ? t("ranking.nomatch") : t("ranking.shown", { n: count(n), all: count(of) }));
        $("more").hidden = left === 0;
        say($("more"), t("ranking.more", { n: count(Math.min(left, 200)) }));
      },
    });
  }
  return units.table;
}

function drawSummary(found, all, strength) {
  const box = $("summary");
  const ranked = found.rows.filter((row) => row.rank !== null && row.best !== null);
  const firmly = ranked.filter((row) => firm(row, all)).length;
  const widths = ranked.map((row) => row.worst - row.best).sort((a, b) => a - b);
  const [first] = ranked;
  const widest = ranked.reduce((best, row) => (best && best.worst - best.best >= row.worst - row.best ? best : row), null);
  set(box, "firm", t("robustness.firm_units"), t("robustness.n_of", { n: count(firmly), all: count(ranked.length) }), t("robustness.firm_why"));
  set(box, "first", t("robustness.first"), first?.draws ? `${share(first.draws.unchanged, found.draws)} %` : "–", first ? t("robustness.first_why", { unit: name(first.name) }) : "");
  set(box, "width", t("robustness.width"), widths.length ? count(widths[Math.floor((widths.length - 1) / 2)]) : "–", t("robustness.width_why"));
  set(box, "widest", t("robustness.widest"), widest ? range(widest.best, widest.worst) : "–", widest ? name(widest.name) : "");
  set(box, "most", t("robustness.moves_most"), strength[0]?.mean ? called(strength[0].assumption) : t("robustness.nothing_moves"), strength[0]?.mean ? t("robustness.most_why", { mean: figure(strength[0].mean.toFixed(1)) }) : "");
  box.hidden = false;
}

let chart = null;
async function drawChart(found, all) {
  try {
    $("chart").setAttribute("aria-label", description(found.rows, name(chosen().block.name)));
    chart ??= await robustnessChart($("chart"), (row) => {
      const target = unitOf(page.campaign, row.unit);
      if (target) location.assign(target);
    });
    chart(found.rows, all, found.draws);
    say($("chart-more"), found.rows.length > MOST ? t("chart.first", { n: MOST }) : "");
  } catch (error) {
    say($("chart-note"), t("chart.failed"));
    console.warn("the chart could not be drawn:", error.message);
  }
}

async function draw(found) {
  const all = assumptions(found);
  const now = chosen();
  const strength = effectRows(found, all);
  most = Math.max(0, ...strength.map((row) => row.mean ?? 0));
  $("panels").hidden = $("exports-section").hidden = false;
  drawSummary(found, all, strength);
  effects.show(strength, t("robustness.effects"));
  const table = tableOf(found, all);
  table.sort = now.sort;
  table.setFilter(now.q);
  table.show(found.rows, t("robustness.caption", { block: name(now.block.name) }));
  $("released").hidden = !found.released;
  await drawChart(found, all);
}

/** The rows as a file has them. */
function lines(found) {
  const all = assumptions(found);
  return found.rows.map((row) => ({
    campaign: found.campaign,
    version: found.version,
    state: found.as_of.state,
    block: found.block,
    draws: found.draws,
    seed: found.seed,
    unit: row.unit,
    name_vi: row.name.vi,
    name_en: row.name.en,
    rank: row.rank,
    base: row.base,
    best: row.best,
    worst: row.worst,
    ...Object.fromEntries(found.variations.map((variation, place) => [keyOf(variation), row.variations[place]])),
    ...Object.fromEntries(["best", "low", "median", "high", "worst", "unchanged"].map((what) => [`draws_${what}`, row.draws?.[what]])),
    moves_most: row.base === null ? null : keyOf(strongest(row, all)?.assumption ?? { variation: "" }),
  }));
}

const key = (found) => [found.block, found.draws, found.seed].join("/");
let took = 0;
const refresh = refreshing(async (overtaken) => {
  let end = null;
  try {
    await needModel(drawControls);
    const now = chosen();
    end = progress(Number(now.draws));
    const found = await getScores(address(base, { block: now.block.code, draws: now.draws, seed: now.seed }));
    if (overtaken()) return;
    took = end();
    if (found.version !== page.model.version) {
      await renewModel();
      drawControls();
    }
    clear();
    if (shown && shown !== found && key(shown) === key(found)) announce(t("robustness.changed"));
    shown = found;
    status.shown(found.as_of);
    current.showing(found.as_of.state);
    behind();
    document.body.classList.remove("stale");
    await draw(found);
  } finally {
    end?.();
  }
});

/** Says which state is shown while a newer one is in force: ranges are reckoned less often than the ranking. */
function behind() {
  const later = shown && live.state && live.state.state > shown.as_of.state;
  $("behind").hidden = !later;
  if (later) say($("behind"), t("robustness.behind", { shown: count(shown.as_of.state), now: count(live.state.state) }));
}

let last = 0;
async function inTurn() {
  const pause = last + Math.max(APART_MS, TIMES * took) - Date.now();
  if (shown && pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  last = Date.now();
  await refresh();
}

/** What belongs to another question is not left standing while the answer is on its way. */
function begin() {
  drawControls();
  const now = chosen();
  if (units?.table) {
    units.table.sort = now.sort;
    units.table.setFilter(now.q);
  }
  if (shown && (shown.block !== now.block.code || String(shown.draws) !== now.draws)) document.body.classList.add("stale");
  last = Date.now();
  refresh();
}

live.on("state", behind);
const current = keepCurrent(live, inTurn);
drawDownloads([
  { form: "csv", type: "text/csv", name: () => `${page.campaign}-robustness-${shown.block}-${shown.as_of.state}.csv`, make: () => csv(lines(shown)) },
  { form: "json", type: "application/json", name: () => `${page.campaign}-robustness-${shown.block}-${shown.as_of.state}.json`, make: () => JSON.stringify(shown) },
]);
$("draws").addEventListener("change", (event) => write({ draws: event.target.value === USUAL ? null : event.target.value }));
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", (event) => {
  write({ q: event.target.value }, { replace: true, quiet: true });
  units?.table.setFilter(event.target.value);
});
$("more").addEventListener("click", () => units?.table.more());
listen(begin);
onTheme(() => shown && drawChart(shown, assumptions(shown)));
loading();
if (page.model) begin();
else refresh();
