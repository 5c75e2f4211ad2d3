// The ranking of a block: chart, table, tile map, heat map; the address says which.
import { onTheme } from "../frame.js";
import { address, getScores } from "../api.js";
import { options, segments } from "../controls.js";
import { $, announce, h, say } from "../dom.js";
import { drawExports } from "../exports.js";
import { count, figure, name, t } from "../labels.js";
import { keepCurrent, Live } from "../live.js";
import { clear, loading } from "../notice.js";
import { page, renewModel } from "../page.js";
import { needModel, refreshing } from "../refresh.js";
import { description, MOST, rankingChart } from "../ranking/chart.js";
import { bandsOf, index } from "../ranking/rows.js";
import { drawHeat } from "../ranking/heat.js";
import { drawSummary } from "../ranking/summary.js";
import { rankingTable, unitAddress } from "../ranking/table.js";
import { drawTiles } from "../ranking/tiles.js";
import { listen, read, write } from "../state.js";
import { follow } from "../status.js";

const VIEWS = ["chart", "tiles", "heat"];
const base = `/v1/campaigns/${page.campaign}`;
const live = new Live(page.campaign, () => (page.model ? asked(chosen()) : null));
const status = follow(live);

/** What the address asks for, with what it leaves out. */
function chosen() {
  const { block, field, group, view, sort, q } = read();
  const blocks = page.model.blocks;
  const found = blocks.find((one) => one.code === block) ?? blocks[0];
  return {
    block: found,
    field: page.model.fields.find((one) => one.code === field) ?? null,
    group: found.groups.includes(group) ? page.model.groups.find((one) => one.code === group) : null,
    view: VIEWS.includes(view) ? view : VIEWS[0],
    sort: /^(rank|unit|index|n)-(ascending|descending)$/.test(sort ?? "") ? sort : null,
    q: q ?? "",
  };
}

/** The ranking that is shown, as the API is asked for it. */
function asked({ block, field, group }) {
  return { block: block.code, field: field?.code, group: group?.code };
}

const table = rankingTable($("table"), {
  onsort: (sort) => write({ sort: `${sort.by}-${sort.way}` }, { replace: true, quiet: true }),
  onshown: (shown, all, left) => {
    say($("shown"), all === 0 ? t("ranking.norows") : shown === 0 ? t("ranking.nomatch") : t("ranking.shown", { n: count(shown), all: count(all) }));
    $("more").hidden = left === 0;
    say($("more"), t("ranking.more", { n: count(Math.min(left, 200)) }));
  },
});

/** What a ranking ranks by, in words. */
function what({ field, group }) {
  return [field ? name(field.name) : t("ranking.field.all"), group ? name(group.name) : null].filter(Boolean).join(" · ");
}

function drawControls() {
  const now = chosen();
  const { blocks, fields, groups } = page.model;
  segments("blocks", "block", blocks.map((block) => [block.code, name(block.name)]), now.block.code, { group: null });
  segments("views", "view", VIEWS.map((view) => [view, t(`view.${view}`)]), now.view);
  $("blocks").hidden = blocks.length < 2;
  options("field", [["", t("ranking.field.all")], ...fields.map((field) => [field.code, `${field.code}. ${name(field.name)}`])], now.field?.code ?? "");
  const raters = groups.filter((group) => now.block.groups.includes(group.code));
  options("group", [["", t("ranking.group.all")], ...raters.map((group) => [group.code, name(group.name)])], now.group?.code ?? "");
  if ($("filter").value !== now.q) $("filter").value = now.q;
  $("panels").dataset.view = now.view;
  for (const view of VIEWS) $(`panel-${view}`).hidden = view !== now.view;
  $("panel-table").hidden = now.view === "heat";
  say($("chart-title"), what(now));
  drawExports(`${base}/rankings`, ["xlsx", "csv", "pdf", "json"], asked(now));
}

let chart = null;
let shown = null;

async function drawChart(rows, now) {
  const note = rows.length > MOST ? ` ${t("chart.first", { n: MOST })}` : "";
  try {
    $("chart").setAttribute("aria-label", description(rows, name(now.block.name), what(now)));
    chart ??= await rankingChart($("chart"), (row) => {
      const target = unitAddress(row);
      if (target) location.assign(target);
    });
    chart.draw(rows, page.model);
    drawBands();
    say($("chart-note"), t("chart.legend") + note);
  } catch (error) {
    say($("chart-note"), t("chart.failed"));
    console.warn("the chart could not be drawn:", error.message);
  }
}

/** What the strips behind the bars mean. */
function drawBands() {
  const said = bandsOf(page.model).map((band, n) => h("li", {}, h("span", { class: `band band-${Math.min(5, n + 1)}` }, `${band.name} ≥ ${figure(band.from)}`)));
  $("bands").replaceChildren(...said);
}

function tellChanges(rows) {
  if (shown && shown.key === key(chosen())) {
    const ranks = new Map(shown.ranking.rows.map((row) => [row.unit, row.rank]));
    const moved = rows.filter((row) => ranks.has(row.unit) && ranks.get(row.unit) !== row.rank).length;
    const first = rows[0];
    if (shown.ranking.as_of.state !== undefined && first && first.index !== null) {
      announce(t("ranking.changed", { n: moved, unit: name(first.name), index: index(first) }));
    }
  }
}

const key = ({ block, field, group }) => [block.code, field?.code, group?.code].join("/");

const refresh = refreshing(async (overtaken) => {
  await needModel(drawControls);
  const now = chosen();
  const { block, field, group } = asked(now);
  const [ranking, heat] = await Promise.all([
    getScores(address(`${base}/rankings`, { block, field, group })),
    now.view === "heat" ? getScores(address(`${base}/fields`, { block, group })) : null,
  ]);
  if (overtaken()) return;
  if (ranking.version !== page.model.version) {
    await renewModel();
    drawControls();
  }
  clear();
  $("panels").hidden = $("exports-section").hidden = false;
  const { rows } = ranking;
  if (shown?.ranking !== ranking) tellChanges(rows);
  table.show(rows, t("ranking.caption", { block: name(now.block.name), what: what(now) }));
  drawSummary(rows, page.model.decimals);
  $("released").hidden = !(ranking.released || heat?.released);
  if (now.view === "tiles") drawTiles($("tiles"), rows, page.model.tiles, $("tiles-ramp"));
  if (heat) drawHeat($("heat"), heat, name(now.block.name), $("heat-ramp"), (field) => write({ field, view: null }));
  status.shown(ranking.as_of);
  current.showing(ranking.as_of.state);
  document.body.classList.remove("stale");
  shown = { key: key(now), ranking };
  if (now.view === "chart") await drawChart(rows, now);
});

/** What belongs to another question is not left standing while the answer is on its way. */
function begin() {
  drawControls();
  const now = chosen();
  table.setFilter(now.q);
  const [by, way] = now.sort?.split("-") ?? [];
  table.sort = by ? { by, way } : null;
  if (shown && shown.key !== key(now)) document.body.classList.add("stale");
  live.turned();
  refresh();
}

const current = keepCurrent(live, refresh);
$("field").addEventListener("change", (event) => write({ field: event.target.value }));
$("group").addEventListener("change", (event) => write({ group: event.target.value }));
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", (event) => {
  write({ q: event.target.value }, { replace: true, quiet: true });
  table.setFilter(event.target.value);
});
$("more").addEventListener("click", () => table.more());
listen(begin);
onTheme(() => shown && chosen().view === "chart" && drawChart(shown.ranking.rows, chosen()));
loading();
if (page.model) begin();
else refresh();
