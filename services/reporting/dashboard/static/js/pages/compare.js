// Two campaigns side by side: each unit's index and rank then and now, and whether the difference is more than chance.
import { onTheme } from "../frame.js";
import { address, get, Problem, token } from "../api.js";
import { compareChart, description, MOST } from "../compare/chart.js";
import { drawDefinition } from "../compare/definition.js";
import { verdict, way } from "../compare/rows.js";
import { compareTable } from "../compare/table.js";
import { options, segments } from "../controls.js";
import { $, announce, h, say } from "../dom.js";
import { csv, drawDownloads } from "../download.js";
import { count, day, name, t } from "../labels.js";
import { keepCurrent, Live } from "../live.js";
import { clear, loading } from "../notice.js";
import { page } from "../page.js";
import { needModel, refreshing } from "../refresh.js";
import { link, listen, read, write } from "../state.js";
import { follow } from "../status.js";
import { set } from "../summary.js";
import { unitOf } from "../unit_cell.js";

const VIEWS = ["index", "rank"];
const AGAIN_MS = 20_000;
const live = new Live(page.campaign);
const status = follow(live);

/** All campaigns, and the one that this is compared with; `blocks` are the later one's. */
let known = { campaigns: [], blocks: [] };
let shown = null;

/** The campaign that opened before this one, the nearest first; of none, the next one after it. */
function usual(campaigns) {
  const own = Date.parse(page.model.opens);
  const others = campaigns.filter((one) => one.campaign !== page.campaign).map((one) => ({ one, apart: own - Date.parse(one.opens) }));
  const before = others.filter(({ apart }) => apart > 0).sort((a, b) => a.apart - b.apart);
  const after = others.filter(({ apart }) => apart <= 0).sort((a, b) => b.apart - a.apart);
  return (before[0] ?? after[0])?.one ?? null;
}

/** What the address asks for, with what it leaves out. */
function chosen() {
  const { with: other, block, view, sort, q } = read();
  const found = known.campaigns.find((one) => one.campaign === other && other !== page.campaign) ?? usual(known.campaigns);
  const later = found && Date.parse(found.opens) > Date.parse(page.model.opens) ? found.campaign : page.campaign;
  const [, by, up] = /^(\w+)-(ascending|descending)$/.exec(sort ?? "") ?? [];
  return {
    other: found,
    later,
    earlier: later === page.campaign ? found?.campaign : page.campaign,
    block: known.blocks.find((one) => one.code === block) ?? known.blocks[0] ?? null,
    view: VIEWS.includes(view) ? view : VIEWS[0],
    sort: by ? { by, way: up } : null,
    q: q ?? "",
  };
}

const table = compareTable($("table"), () => chosen().later, {
  onsort: (sort) => write({ sort: `${sort.by}-${sort.way}` }, { replace: true, quiet: true }),
  onshown: (n, all, left) => {
    say($("shown"), all === 0 ? t("ranking.norows") : n === 0 ? t("ranking.nomatch") : t("ranking.shown", { n: count(n), all: count(all) }));
    $("more").hidden = left === 0;
    say($("more"), t("ranking.more", { n: count(Math.min(left, 200)) }));
  },
});

function drawControls() {
  const now = chosen();
  const others = known.campaigns.filter((one) => one.campaign !== page.campaign);
  options("with", others.map((one) => [one.campaign, `${one.opens.slice(0, 4)} · ${name(one.title)}`]), now.other?.campaign ?? "");
  segments("blocks", "block", known.blocks.map((block) => [block.code, name(block.name)]), now.block?.code ?? "");
  segments("views", "view", VIEWS.map((view) => [view, view === "index" ? t("compare.by_index") : t("compare.by_rank")]), now.view);
  $("blocks").hidden = known.blocks.length < 2;
  if ($("filter").value !== now.q) $("filter").value = now.q;
  say($("chart-note"), now.view === "index" ? t("compare.index_note") : t("compare.rank_note"));
}

function drawSides({ earlier, later }) {
  for (const [id, found, label] of [["earlier", earlier, t("compare.then")], ["later", later, t("compare.now")]]) {
    const box = $(id);
    if (!box.firstChild) box.append(h("dt"), h("dd", {}, h("a")), h("dd", { class: "more" }));
    say(box.children[0], label);
    box.children[1].firstChild.href = link(`/c/${found.campaign}`);
    say(box.children[1].firstChild, name(found.title));
    say(box.children[2], t("compare.state", { from: day(found.opens), to: day(found.closes), n: count(found.as_of.counted), state: count(found.as_of.state) }));
  }
}

function drawSummary({ rows, gone }) {
  const box = $("summary");
  const of = (sign, sure) => rows.filter((row) => way(row) === sign && row.difference.significant === sure).length;
  const without = rows.filter((row) => way(row) !== null && row.difference.significant === null).length;
  const fresh = rows.filter((row) => row.then === null).length;
  set(box, "up", t("compare.risen"), count(of(1, true)), t("compare.beyond"));
  set(box, "down", t("compare.fallen"), count(of(-1, true)), t("compare.beyond"));
  set(box, "chance", t("compare.within"), count(rows.filter((row) => row.difference?.significant === false).length), t("compare.within_why"));
  set(box, "unknown", t("compare.unsure"), count(without), t("compare.unsure_why"));
  set(box, "new", t("compare.new_gone"), `${count(fresh)} / ${count(gone.length)}`, t("compare.new_gone_why"));
  box.hidden = false;
}

let chart = null;
async function drawChart(rows, now) {
  try {
    $("chart").setAttribute("aria-label", description(rows, name(now.block.name)));
    chart ??= await compareChart($("chart"), (row) => {
      const target = unitOf(chosen().later, row.unit);
      if (target) location.assign(target);
    });
    chart(rows, now.view);
    if (rows.length > MOST) say($("chart-more"), t("chart.first", { n: MOST }));
  } catch (error) {
    say($("chart-note"), t("chart.failed"));
    console.warn("the chart could not be drawn:", error.message);
  }
}

/** The rows as a file has them. */
function lines({ earlier, later, block, rows }) {
  return rows.map(({ unit, name: named, then, now, difference }) => ({
    earlier: earlier.campaign,
    earlier_version: earlier.version,
    earlier_state: earlier.as_of.state,
    later: later.campaign,
    later_version: later.version,
    later_state: later.as_of.state,
    block,
    unit,
    name_vi: named.vi,
    name_en: named.en,
    earlier_units: then?.units.map((one) => one.unit).join(" "),
    rank_then: then?.rank,
    index_then: then?.index_exact,
    rank_now: now.rank,
    index_now: now.index_exact,
    difference: difference?.index_exact,
    ranks_gained: difference?.ranks,
    significant: difference?.significant,
  }));
}

const fileName = (form) => `${shown.earlier.campaign}-${shown.later.campaign}-${shown.block}.${form}`;

/** Which campaigns there are, and the blocks of the later of the two. */
async function look() {
  const { campaigns } = await get("/v1/campaigns");
  known = { campaigns, blocks: known.blocks };
  const { later, other } = chosen();
  if (other) known.blocks = later === page.campaign ? page.model.blocks : (await get(`/v1/campaigns/${later}`)).blocks;
  drawControls();
}

const refresh = refreshing(async (overtaken) => {
  await needModel();
  await look();
  if (overtaken()) return;
  const now = chosen();
  $("none").hidden = now.other !== null;
  $("controls").hidden = now.other === null;
  if (!now.other) {
    clear();
    return;
  }
  if ((page.model.live === "private" || now.other.live === "private") && !token.get()) throw new Problem(401, "", false);
  const found = await get(address("/v1/compare", { campaigns: `${now.earlier},${now.later}`, block: now.block.code }));
  if (overtaken()) return;
  draw(found);
});

async function draw(found) {
  const now = chosen();
  clear();
  $("panels").hidden = $("exports-section").hidden = $("sides").hidden = $("definition-section").hidden = false;
  if (shown && shown !== found && key(shown) === key(found)) announce(t("compare.changed", { n: count(found.rows.filter((row) => verdict(row) !== null).length) }));
  shown = found;
  const own = found.earlier.campaign === page.campaign ? found.earlier : found.later;
  status.shown(own.as_of);
  current.showing(own.as_of.state);
  document.body.classList.remove("stale");
  drawSides(found);
  drawSummary(found);
  table.show(found.rows, t("compare.caption", { block: name(now.block.name), then: name(found.earlier.title), now: name(found.later.title) }));
  drawDefinition(found);
  await drawChart(found.rows, now);
}

const key = ({ earlier, later, block }) => [earlier.campaign, later.campaign, block].join("/");

/** What belongs to another question is not left standing while the answer is on its way. */
function begin() {
  const now = chosen();
  table.setFilter(now.q);
  table.sort = now.sort;
  if (known.campaigns.length) drawControls();
  if (shown && (now.block?.code !== shown.block || now.earlier !== shown.earlier.campaign || now.later !== shown.later.campaign)) document.body.classList.add("stale");
  refresh();
}

const current = keepCurrent(live, refresh);
drawDownloads([
  { form: "csv", type: "text/csv", name: () => fileName("csv"), make: () => csv(lines(shown)) },
  { form: "json", type: "application/json", name: () => fileName("json"), make: () => JSON.stringify(shown) },
]);
$("with").addEventListener("change", (event) => write({ with: event.target.value, block: null }));
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", (event) => {
  write({ q: event.target.value }, { replace: true, quiet: true });
  table.setFilter(event.target.value);
});
$("more").addEventListener("click", () => table.more());
listen(begin);
onTheme(() => shown && drawChart(shown.rows, chosen()));
// The other campaign may move, too, and the stream is of this one.
setInterval(() => document.hidden || refresh(), AGAIN_MS);
loading();
if (page.model) begin();
else refresh();
