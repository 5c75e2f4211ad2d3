// Who has answered so far: what to look after, forms against the quota by group, unit and day, how they are filled in.
import { onTheme } from "../frame.js";
import { get, token } from "../api.js";
import { options, segments } from "../controls.js";
import { $, announce, h, say } from "../dom.js";
import { drawExports } from "../exports.js";
import { groupColor } from "../group_color.js";
import { count, figure, name, t } from "../labels.js";
import { keepCurrent, Live } from "../live.js";
import { clear, loading } from "../notice.js";
import { page, renewModel } from "../page.js";
import { needModel, refreshing } from "../refresh.js";
import { drawAttention } from "../participation/attention.js";
import { dayChart, dayRows, dayTable, description as ofDays } from "../participation/days.js";
import { course, groupName, raters } from "../participation/figures.js";
import { description as ofGroups, groupChart, groupRows, groupTable } from "../participation/groups.js";
import { drawWays, missingRows, missingTable } from "../participation/missing.js";
import { qualityRows, qualityTable } from "../participation/quality.js";
import { description as ofUnits, MOST, unitChart, unitRows, unitTable } from "../participation/units.js";
import { listen, read, write } from "../state.js";
import { follow } from "../status.js";
import { set } from "../summary.js";

const DAYS = ["daily", "total"];
const base = `/v1/campaigns/${page.campaign}/participation`;
const live = new Live(page.campaign);
const status = follow(live);

/** What the address asks for, with what it leaves out. */
function chosen() {
  const { block, group, days, sort, q } = read();
  const found = page.model.blocks.find((one) => one.code === block) ?? null;
  const [, by, way] = /^(.+)-(ascending|descending)$/.exec(sort ?? "") ?? [];
  return {
    block: found,
    group: raters(found).some((one) => one.code === group) ? group : null,
    days: DAYS.includes(days) ? days : DAYS[0],
    sort: by ? { by, way } : null,
    q: q ?? "",
  };
}

const groups = groupTable($("groups"));
const days = dayTable($("days"), { onshown: (_, __, left) => moreOf("days", left, days) });
const missing = missingTable($("missing"), { onshown: (shown, all, left) => moreOf("missing", left, missing) });
const quality = qualityTable($("quality"));
let units = null;

function moreOf(id, left, table) {
  const button = $(`${id}-more`);
  button.hidden = left === 0;
  say(button, t("participation.more", { n: count(Math.min(left, 200)) }));
  button.onclick = () => table.more();
}

/** The table of units has a column for each group that is shown: other groups, another table. */
function tableOfUnits(shown, below) {
  const key = JSON.stringify([shown.map((group) => group.code), below]);
  if (units?.key !== key) {
    const made = unitTable($("units"), shown, below, {
      onsort: (sort) => write({ sort: `${sort.by}-${sort.way}` }, { replace: true, quiet: true }),
      onshown: (n, all, left) => {
        say($("units-shown"), all === 0 ? t("ranking.norows") : n === 0 ? t("ranking.nomatch") : t("ranking.shown", { n: count(n), all: count(all) }));
        if (units) moreOf("units", left, units.table);
      },
    });
    units = { key, table: made };
  }
  return units.table;
}

function drawControls() {
  const now = chosen();
  const { blocks } = page.model;
  segments("blocks", "block", [["", t("participation.all")], ...blocks.map((block) => [block.code, name(block.name)])], now.block?.code ?? "", { group: null });
  $("blocks").hidden = blocks.length < 2;
  options("group", [["", t("ranking.group.all")], ...raters(now.block).map((group) => [group.code, name(group.name)])], now.group ?? "");
  segments("day-views", "days", DAYS.map((view) => [view, view === "daily" ? t("participation.daily") : t("participation.summed")]), now.days);
  if ($("filter").value !== now.q) $("filter").value = now.q;
}

const charts = {};
/** Draws a chart of the page, made when it is first drawn. */
async function drawChart(id, make, label, ...what) {
  $(id).setAttribute("aria-label", label);
  try {
    charts[id] ??= await make($(id));
    charts[id](...what);
  } catch (error) {
    $(id).hidden = true;
    say($(`${id}-note`), t("chart.failed"));
    console.warn("the chart could not be drawn:", error.message);
  }
}

function drawSummary(found) {
  const asked = found.groups.filter((group) => group.required);
  const [n, required] = ["counted", "required"].map((key) => asked.reduce((sum, group) => sum + group[key], 0));
  const { totals } = found.activity;
  const even = figure((100 * course()).toFixed(1));
  set($("summary"), "counted", t("participation.counted"), count(found.as_of.counted), required ? t("participation.of_quota", { share: figure(((100 * n) / required).toFixed(1)), all: count(required) }) : "");
  set($("summary"), "course", t("participation.course"), page.model.phase === "closed" ? t("phase.closed") : `${even} %`, t("participation.course_why"));
  set($("summary"), "owed", t("participation.owed"), required ? count(asked.reduce((sum, group) => sum + Math.max(0, group.required - group.counted), 0)) : "–", t("participation.owed_why"));
  set($("summary"), "cells", t("participation.missing_cells"), count(found.missing.cells), t("participation.cells_why", { below: count(found.missing.below) }));
  set($("summary"), "rejected", t("participation.waiting"), count(totals.rejected), t("participation.waiting_why"));
  $("summary").hidden = false;
}

/** Shares of answers are for viewers while responses come in: how to see them, and whether a token was not accepted. */
function drawHidden(found) {
  const hidden = found.quality === null;
  $("quality-hidden").hidden = !hidden;
  const wrong = hidden && token.get() !== null;
  if (wrong) token.forget();
  if (wrong || !hidden) $("wrong").hidden = !wrong;
}

function drawLegend(shown, view) {
  const said = view === "total" ? [] : shown.map((group) => [groupColor(page.model.groups.indexOf(group)), name(group.name)]);
  $("days-legend").replaceChildren(
    ...said.map(([color, text]) => {
      const swatch = h("i", { "aria-hidden": "true" });
      swatch.style.background = color;
      return h("li", {}, swatch, text);
    }),
  );
  say($("chart-days-note"), view === "total" ? t("participation.total_note") : t("participation.days_note"));
}

let shown = null;

async function draw(found) {
  const now = chosen();
  const who = now.group ? groupName(now.group) : t("ranking.group.all");
  const seen = raters(now.block).filter((group) => !now.group || group.code === now.group);
  drawAttention(found);
  drawSummary(found);
  const ofBlock = groupRows(found, now.block);
  groups.show(ofBlock, t("participation.by_group"));
  const came = dayRows(found.activity, now.group);
  days.show(came, `${t("participation.by_day")}: ${who}`);
  const rows = unitRows(found, now.block, now.group);
  const table = tableOfUnits(seen, found.missing.below);
  table.sort = now.sort;
  table.setFilter(now.q);
  table.show(rows, `${t("participation.by_unit")}: ${who}`);
  const cells = missingRows(found, now.block, now.group);
  missing.show(cells, t("participation.missing_title"));
  $("missing-box").hidden = cells.length === 0;
  say($("missing-note"), cells.length ? t("participation.missing_note", { n: count(cells.length), below: count(found.missing.below) }) : t("participation.missing_none", { below: count(found.missing.below) }));
  quality.show(qualityRows(found), t("participation.quality"));
  drawHidden(found);
  drawWays(found.activity);
  drawLegend(seen, now.days);
  $("panels").hidden = $("exports-section").hidden = false;
  const required = now.group ? found.groups.find((group) => group.group === now.group).required : found.groups.reduce((sum, group) => sum + (group.required ?? 0), 0);
  await drawChart("chart-groups", groupChart, ofGroups(ofBlock, now.block), ofBlock);
  await drawChart("chart-days", dayChart, ofDays(came, now.days, who), came, now.days, required, seen);
  await drawChart("chart-units", unitChart, ofUnits(rows, who), rows, now.group);
  say($("chart-units-note"), t("participation.units_note") + (rows.length > MOST ? ` ${t("chart.first", { n: MOST })}` : ""));
}

const refresh = refreshing(async (overtaken) => {
  await needModel(drawControls);
  const found = await get(base);
  if (overtaken()) return;
  if (found.version !== page.model.version) {
    await renewModel();
    drawControls();
  }
  clear();
  if (shown && shown.as_of.counted !== found.as_of.counted) announce(t("participation.changed", { n: count(found.as_of.counted), warnings: count(found.warnings.length) }));
  shown = found;
  status.shown(found.as_of);
  current.showing(found.as_of.state);
  document.body.classList.remove("stale");
  await draw(found);
});

/** All of the page is in one answer: another choice only draws it otherwise. */
function choose() {
  drawControls();
  if (shown) draw(shown);
}

const current = keepCurrent(live, refresh);
drawExports(base, ["xlsx", "csv", "pdf", "json"]);
$("group").addEventListener("change", (event) => write({ group: event.target.value }));
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", (event) => {
  write({ q: event.target.value }, { replace: true, quiet: true });
  units?.table.setFilter(event.target.value);
});
$("quality-token").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set($("viewer").value.trim());
  $("viewer").value = "";
  refresh();
});
listen(choose);
onTheme(() => shown && draw(shown));
loading();
if (page.model) drawControls();
refresh();
