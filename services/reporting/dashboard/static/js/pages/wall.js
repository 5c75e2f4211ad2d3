// The wall screen: all blocks and views in turn, live, to be read from across a hall.
import "../frame.js";
import { address, getScores, Problem } from "../api.js";
import { $, h, say } from "../dom.js";
import { name, t } from "../labels.js";
import { keepCurrent, Live } from "../live.js";
import { clear, loading, show } from "../notice.js";
import { page, renewModel } from "../page.js";
import { index, missing, number } from "../ranking/rows.js";
import { drawTiles } from "../ranking/tiles.js";
import { read } from "../state.js";
import { follow } from "../status.js";

const SECONDS = 15;
const LINES = 15;
const COLUMNS = 2;

const asked = read();
const every = Math.max(3, Number(asked.every) || SECONDS) * 1000;
const base = `/v1/campaigns/${page.campaign}`;
const live = new Live(page.campaign);
const status = follow(live);
const clock = new Intl.DateTimeFormat(page.lang === "vi" ? "vi-VN" : "en-GB", { timeStyle: "medium" });

/** What is shown in turn: each block's ranking, part by part, then its tile map. `?block=` keeps to one. */
function scenes() {
  const perScene = LINES * (matchMedia("(max-width: 60rem)").matches ? 1 : COLUMNS);
  return page.model.blocks
    .filter((block) => !asked.block || block.code === asked.block)
    .flatMap((block) => {
      const parts = Array.from({ length: Math.ceil(block.units / perScene) }, (_, n) => ({ block, from: n * perScene, to: (n + 1) * perScene }));
      return tiled.has(block.code) ? [...parts, { block, tiles: true }] : parts;
    });
}

/** The blocks whose units have places on the map: known when their rankings are. */
const tiled = new Set();
let at = 0;
let since = performance.now();
let paused = false;
let rankings = new Map();

const scene = () => {
  const all = scenes();
  return all[at % all.length];
};

function line(row) {
  return h(
    "li",
    { class: "line", "data-unit": row.unit },
    h("span", { class: "place" }),
    h("span", { class: "who" }),
    h("span", { class: "track", "aria-hidden": "true" }, h("i"), h("b")),
    h("span", { class: "value" }),
  );
}

function fill(element, row) {
  const [place, who, track, value] = element.children;
  say(place, row.rank === null ? "–" : String(row.rank));
  say(who, name(row.name) + (row.provisional ? " *" : ""));
  say(value, index(row));
  value.classList.toggle("missing", missing(row) !== null);
  const [bar, whisker] = track.children;
  track.hidden = row.index === null;
  bar.style.width = `${number(row) ?? 0}%`;
  bar.className = row.provisional ? "hatched" : "";
  whisker.hidden = !row.interval;
  if (row.interval) {
    whisker.style.left = `${row.interval[0]}%`;
    whisker.style.width = `${Number(row.interval[1]) - Number(row.interval[0])}%`;
  }
}

function draw() {
  const now = scene();
  const ranking = rankings.get(now.block.code);
  if (!ranking) return;
  const many = ranking.rows.length;
  const part = now.tiles || many <= now.to - now.from ? "" : ` · ${t("wall.part", { from: now.from + 1, to: Math.min(now.to, many) })}`;
  say($("wall-title"), name(now.block.name) + part);
  const stage = $("stage");
  if (now.tiles) {
    stage.querySelector("ol")?.remove();
    drawTiles(stage, ranking.rows, page.model.tiles, null);
    return;
  }
  let list = stage.querySelector("ol");
  if (!list) {
    list = h("ol");
    stage.replaceChildren(list);
  }
  const rows = ranking.rows.slice(now.from, now.to);
  list.style.setProperty("--lines", Math.max(6, Math.ceil(rows.length / COLUMNS)));
  const before = new Map([...list.children].map((item) => [item.dataset.unit, item]));
  const lines = rows.map((row) => {
    const item = before.get(row.unit) ?? line(row);
    fill(item, row);
    return item;
  });
  lines.forEach((item, n) => list.children[n] !== item && list.insertBefore(item, list.children[n] ?? null));
  while (list.children.length > lines.length) list.lastChild.remove();
}

async function refresh() {
  try {
    if (!page.model) await renewModel();
    if (!page.model) throw new Problem(503, "", true);
    const blocks = page.model.blocks.filter((block) => !asked.block || block.code === asked.block);
    const found = await Promise.all(blocks.map((block) => getScores(address(`${base}/rankings`, { block: block.code }))));
    if (found.some((ranking) => ranking.version !== page.model.version)) await renewModel();
    rankings = new Map(found.map((ranking) => [ranking.block, ranking]));
    for (const ranking of found) if (ranking.rows.some((row) => page.model.tiles[row.unit])) tiled.add(ranking.block);
    clear();
    document.body.classList.remove("stale");
    status.shown(found[0].as_of);
    current.showing(found[0].as_of.state);
    draw();
  } catch (problem) {
    document.body.classList.add("stale");
    show(problem, refresh);
  }
}

function next() {
  at += 1;
  since = performance.now();
  draw();
}

function pause() {
  paused = !paused;
  since = performance.now();
  say($("pause"), t(paused ? "wall.go" : "wall.pause"));
}

const current = keepCurrent(live, refresh);
const bar = $("progress").appendChild(h("i"));
setInterval(() => {
  say($("clock"), clock.format(new Date()));
  const gone = paused ? 0 : performance.now() - since;
  bar.style.width = `${Math.min(100, (100 * gone) / every)}%`;
  if (!paused && gone >= every && rankings.size) next();
}, 250);
$("pause").addEventListener("click", pause);
$("next").addEventListener("click", next);
$("full").addEventListener("click", () => document.documentElement.requestFullscreen?.());
addEventListener("keydown", (event) => {
  if (event.target.closest("button, a, input")) return;
  if (event.key === " ") {
    event.preventDefault();
    pause();
  } else if (event.key === "ArrowRight") next();
});
loading();
refresh();
