// A unit: where it stands, by field and by group, where it lost points, and what the council said of it.
import { onTheme } from "../frame.js";
import { getScores } from "../api.js";
import { options, segments } from "../controls.js";
import { $, announce, h, say } from "../dom.js";
import { drawExports } from "../exports.js";
import { name, t } from "../labels.js";
import { keepCurrent, Live } from "../live.js";
import { clear, loading } from "../notice.js";
import { page, renewModel } from "../page.js";
import { needModel, refreshing } from "../refresh.js";
import { index } from "../ranking/rows.js";
import { follows, listen, read, write } from "../state.js";
import { follow } from "../status.js";
import { appraisalsPanel } from "../unit/appraisals.js";
import { fieldsPanel } from "../unit/fields.js";
import { groupsPanel } from "../unit/groups.js";
import { drawHead } from "../unit/head.js";
import { key, opened, placesOf } from "../unit/leaves.js";
import { COUNCIL, lossesPanel, SORTS } from "../unit/losses.js";
import { publishedPanel } from "../unit/published.js";
import { tree } from "../unit/tree.js";

const VIEWS = ["leaves", "tree"];
const base = `/v1/campaigns/${page.campaign}/units/${page.unit}`;
const live = new Live(page.campaign);
const status = follow(live);

/** What the address asks for, with what it leaves out. */
function chosen() {
  const { view, field, group, sort, open } = read();
  const [by, way] = (sort ?? "").split("-");
  const groups = page.model.groups.filter((one) => page.model.blocks.find((block) => block.code === page.block)?.groups.includes(one.code));
  return {
    view: VIEWS.includes(view) ? view : VIEWS[0],
    field: page.model.fields.some((one) => one.code === field) ? field : null,
    by: group === COUNCIL || groups.some((one) => one.code === group) ? group : null,
    groups,
    sort: SORTS.includes(by) && ["ascending", "descending"].includes(way) ? { by, way } : null,
    open: opened(open),
  };
}

/** A link within the page: it changes the address and brings the keyboard to what it shows. */
function within(text, changes, then) {
  const element = h("a", { class: "unit" }, text);
  const target = () => {
    const parameters = new URLSearchParams(location.search);
    for (const [what, value] of Object.entries(changes)) parameters.set(what, value);
    return `?${parameters}`;
  };
  element.href = target();
  follows(element, target);
  element.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    write(changes);
    then();
  });
  return element;
}

const open = (text, keys, at) => within(text, { view: "tree", field: "", open: keys.join(" ") }, () => drill.show(at));
const byGroup = (group) =>
  within("", { view: "leaves", group }, () => {
    $("panel-lost").scrollIntoView({ block: "start" });
    $("group").focus({ preventScroll: true });
  });

const fields = fieldsPanel(open);
const groups = groupsPanel(byGroup);
const losses = lossesPanel(open, (sort) => write({ sort: `${sort.by}-${sort.way}` }, { replace: true, quiet: true }));
const drill = tree((keys) => write({ open: keys.join(" ") }, { replace: true, quiet: true }));
const published = publishedPanel();
const appraisals = appraisalsPanel(base, () => refresh());

function drawControls() {
  const now = chosen();
  segments("views", "view", VIEWS.map((view) => [view, t(view === "tree" ? "unit.view_tree" : "unit.view_leaves")]), now.view);
  options("field", [["", t("unit.all_fields")], ...page.model.fields.map((field) => [field.code, `${field.code}. ${name(field.name)}`])], now.field ?? "");
  options("group", [["", t("unit.everybody")], [COUNCIL, t("unit.appraisal")], ...now.groups.map((group) => [group.code, name(group.name)])], now.by ?? "");
  $("by-leaf").hidden = now.view !== "leaves";
  $("by").hidden = now.view !== "leaves";
  $("tree").hidden = $("folds").hidden = now.view !== "tree";
  losses.table.sort = now.sort;
  drill.set(now.open);
  drawExports(base, ["xlsx", "csv", "pdf", "json"]);
}

let shown = null;

function drawTables() {
  const { unit, lost, places } = shown;
  const now = chosen();
  losses.draw(unit, places, lost, now);
  drill.draw(unit, lost, appraisals.said(), now.field);
}

async function drawCharts() {
  const { unit, lost } = shown;
  try {
    await fields.drawChart(unit, (n) => {
      const at = key("field", unit.fields[n].field);
      write({ view: "tree", field: null, open: at });
      drill.show(at);
    });
    await groups.drawChart(unit, lost);
  } catch (error) {
    for (const id of ["fields-chart", "groups-chart"]) say($(id), t("chart.failed"));
    console.warn("a chart could not be drawn:", error.message);
  }
}

/** The unit and its losses, of one state where that can be had. */
async function ask() {
  const found = await Promise.all([getScores(base), getScores(`${base}/lost`)]);
  if (found[0].as_of.state === found[1].as_of.state) return found;
  return Promise.all([getScores(base), getScores(`${base}/lost`)]);
}

function tellChange(unit) {
  if (!shown || (shown.unit.index === unit.index && shown.unit.rank === unit.rank)) return;
  announce(t("unit.changed", { index: index(unit), rank: unit.rank ?? "–" }));
}

let first = true;
const refresh = refreshing(async (overtaken) => {
  await needModel(drawControls);
  const [unit, lost] = await ask();
  if (overtaken()) return;
  if (unit.version !== page.model.version) await renewModel();
  page.block = unit.block;
  const places = placesOf(unit);
  tellChange(unit);
  shown = { unit, lost, places };
  clear();
  $("panels").hidden = $("exports-section").hidden = false;
  drawControls();
  drawHead(unit, places, open);
  fields.drawTable(unit);
  groups.drawTable(unit, lost);
  published.draw(unit);
  drawTables();
  status.shown(unit.as_of);
  current.showing(unit.as_of.state);
  document.body.classList.remove("stale");
  if (first) bring();
  await Promise.all([drawCharts(), appraisals.refresh(places, unit.as_of.positions.appraisals)]);
  // What the council said of each leaf is there now.
  drawTables();
  clear();
});

/** The first time, what the address opens is brought into view. */
function bring() {
  first = false;
  const { view, open: keys } = chosen();
  if (view === "tree" && keys.size) drill.show([...keys].pop());
}

const current = keepCurrent(live, refresh);
$("field").addEventListener("change", (event) => write({ field: event.target.value }));
$("group").addEventListener("change", (event) => write({ group: event.target.value }));
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("unfold").addEventListener("click", () => shown && drill.all(shown.unit, true));
$("fold").addEventListener("click", () => shown && drill.all(shown.unit, false));
listen(() => {
  drawControls();
  if (shown) drawTables();
});
addEventListener("beforeprint", () => {
  $("pending").open = true;
});
onTheme(() => shown && drawCharts());
loading();
refresh();
