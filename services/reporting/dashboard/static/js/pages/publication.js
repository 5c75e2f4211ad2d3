// What was published: rankings that stand still, and how anybody checks them. Open to everybody; it never asks for a token.
import "../frame.js";
import { address, get } from "../api.js";
import { segments } from "../controls.js";
import { $, h, say } from "../dom.js";
import { drawExports } from "../exports.js";
import { count, day, figure, name, t } from "../labels.js";
import { clear, loading } from "../notice.js";
import { page } from "../page.js";
import { refreshing } from "../refresh.js";
import { digestButton } from "../publication/digest.js";
import { proofForm } from "../publication/proof.js";
import { hour, titleOf } from "../publication/words.js";
import { bandsOf } from "../ranking/rows.js";
import { rankingTable } from "../ranking/table.js";
import { listen, read, write } from "../state.js";
import { set } from "../summary.js";

const base = `/v1/campaigns/${page.campaign}/publications/${page.number}`;
let head = null;

const table = rankingTable($("table"), {
  onsort: (sort) => write({ sort: `${sort.by}-${sort.way}` }, { replace: true, quiet: true }),
  onshown: (shown, all, left) => {
    say($("shown"), all === 0 ? t("ranking.norows") : shown === 0 ? t("ranking.nomatch") : t("ranking.shown", { n: count(shown), all: count(all) }));
    $("more").hidden = left === 0;
    say($("more"), t("ranking.more", { n: count(Math.min(left, 200)) }));
  },
});

/** Names, grades and rules as they were then. Pages of units are live: of a private campaign they would ask for a token. */
function turnBack({ blocks, bands, rules }) {
  if ((page.model?.live ?? rules.live) === "private") page.pages = page.pages.filter((one) => one !== "unit");
  page.model = { ...page.model, live: page.model?.live ?? rules.live, bands, decimals: rules.decimals, blocks: blocks.map((one) => ({ code: one.block, name: one.name })) };
}

function drawHead(about, rows) {
  $("about").hidden = $("summary").hidden = false;
  say($("words"), titleOf(head));
  $("words").hidden = titleOf(head) === $("campaign-title").textContent;
  say($("note"), head.note ?? "");
  const because = { open: t("publication.because_open"), pending: t("publication.because_pending"), withheld: t("publication.because_withheld") };
  $("forced").hidden = !head.forced.length;
  $("forced").querySelector("ul").replaceChildren(...head.forced.map((reason) => h("li", {}, because[reason] ?? reason)));
  const box = $("summary");
  const provisional = rows.filter((row) => row.provisional).length;
  set(box, "at", t("publication.at"), hour(head.at, about.opens), t("publication.at_hour"));
  set(box, "counted", t("publication.counted"), count(head.counted), "");
  set(box, "version", t("publication.definition"), t("publication.version", { n: head.version }), `${day(about.opens)} – ${day(about.closes)}`);
  set(box, "units", t("summary.units"), count(rows.length), provisional ? t("publication.provisional_n", { n: count(provisional) }) : "");
  say($("digest"), head.digest);
  say($("root"), head.root);
  say($("command"), `parindex publication check-receipt receipt.json --publication ${location.origin}${base}`);
  drawExports(base, ["xlsx", "csv", "pdf", "json"]);
}

/** Of a campaign that was open no breakdown is published at all, which is said once. */
function marked(rows) {
  if (!head.forced.includes("open")) return rows;
  return rows.map((row) => (row.withheld === "breakdown" ? { ...row, withheld: null } : row));
}

function drawRanking(block, rows) {
  const found = page.model.blocks.find((one) => one.code === block);
  $("controls").hidden = page.model.blocks.length < 2;
  segments("blocks", "block", page.model.blocks.map((one) => [one.code, name(one.name)]), block);
  say($("table-title"), found ? name(found.name) : t("ranking.table"));
  table.show(rows, t("publication.caption", { n: head.number, block: found ? name(found.name) : block }));
  const bands = bandsOf(page.model).map((band, n) => h("li", {}, h("span", { class: `band band-${Math.min(5, n + 1)}` }, `${band.name} ≥ ${figure(band.from)}`)));
  $("bands").replaceChildren(...bands);
  $("held").hidden = !rows.some((row) => row.withheld);
  say($("held"), t("publication.held"));
}

const refresh = refreshing(async (overtaken) => {
  const { block, sort, q } = read();
  const known = page.model?.blocks.some((one) => one.code === block);
  const found = await get(address(`${base}/rankings`, { block: known ? block : null }));
  if (overtaken()) return;
  clear();
  head = found.publication;
  turnBack(found.about);
  const [by, way] = /^(rank|unit|index|n)-(ascending|descending)$/.test(sort ?? "") ? sort.split("-") : [];
  table.sort = by ? { by, way } : null;
  if ($("filter").value !== (q ?? "")) $("filter").value = q ?? "";
  table.filter = "";
  drawHead(found.about, found.rows);
  drawRanking(found.block, marked(found.rows));
  if (q) table.setFilter(q);
  $("panels").hidden = $("exports-section").hidden = false;
  document.body.classList.remove("stale");
});

const published = () => ({ base, ...head });
proofForm(published);
digestButton(published);
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("filter").addEventListener("input", (event) => {
  write({ q: event.target.value }, { replace: true, quiet: true });
  table.setFilter(event.target.value);
});
$("more").addEventListener("click", () => table.more());
listen(refresh);
loading();
refresh();
