// What the council says of a unit and every change of it. It has names and reasons in it, so it needs a viewer's token.
import { address, get, Problem, token } from "../api.js";
import { $, h, say } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { page } from "../page.js";
import { Table } from "../table.js";
import { tokenForm } from "../token.js";
import { evidence } from "./tree.js";

/** Changes of one row that are listed at once; more stand behind a disclosure. */
const FEW = 5;
const moment = new Intl.DateTimeFormat(page.lang === "vi" ? "vi-VN" : "en-GB", { dateStyle: "medium", timeStyle: "short" });

/** `again()` is called when a token was given. */
export function appraisalsPanel(base, again) {
  const changes = new Map();
  let next;
  let places = new Map();
  let row = null;
  /** Up to where the log was when all was read. */
  let asked = null;

  const table = new Table($("history"), {
    columns: [
      { key: "time", title: t("unit.when"), class: "when", header: true, fill: fillTime },
      { key: "by", title: t("unit.who"), class: "by", fill: (cell, change) => say(cell, change.by) },
      { key: "why", title: t("unit.why"), class: "why", fill: (cell, change) => say(cell, change.why ?? "–") },
      { key: "what", title: t("unit.what"), class: "what", fill: (cell, change) => cell.firstChild ?? cell.append(...what(change, places)) },
    ],
    key: (change) => String(change.version),
    words: (change) => change.by,
  });

  function take(found, older) {
    for (const change of found.changes) changes.set(change.version, change);
    // Versions have no gaps: the first page says what is older only while nothing older is here.
    if (older || next === undefined) next = found.next;
  }

  function draw() {
    const all = [...changes.values()].sort((a, b) => b.version - a.version);
    $("appraisals-none").hidden = all.length > 0;
    $("history").hidden = all.length === 0;
    table.show(all, t("unit.history_caption"));
    $("older").hidden = !next;
  }

  function ask(wrong) {
    $("appraisals").hidden = true;
    if (!$("appraisals-ask").querySelector("form") || wrong) {
      $("appraisals-ask").replaceChildren(tokenForm(t("unit.appraisals_private"), { wrong, then: again, id: "viewer-token" }));
    }
  }

  $("older").addEventListener("click", async () => {
    try {
      take(await get(address(`${base}/appraisals/history`, { cursor: next })), true);
      draw();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  });

  addEventListener("beforeprint", () => $("history").querySelectorAll("details").forEach((one) => (one.open = true)));

  return {
    /** What is said of each leaf, as far as it may be seen. */
    said: () => new Map(Object.entries(row?.leaves ?? {})),
    /**
     * Asks for what is new, where the log of appraisals has gone on. What is wrong here leaves the rest of the page as it is.
     * @param {Record<string, number>} positions of that log, in the figures shown
     */
    async refresh(found, positions) {
      places = found;
      if (!token.get()) {
        row = asked = null;
        ask(false);
        return;
      }
      const wanted = JSON.stringify(positions);
      if (asked === wanted) return;
      try {
        const [history, now] = await Promise.all([get(`${base}/appraisals/history`), get(`${base}/appraisals`)]);
        row = now.row;
        take(history, false);
        $("appraisals-ask").replaceChildren();
        $("appraisals").hidden = false;
        draw();
        asked = wanted;
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (problem.needsToken) {
          token.forget();
          ask(true);
        } else $("appraisals-ask").replaceChildren(h("p", { class: "notice warn", role: "status" }, t("problem.unavailable")));
      }
    },
  };
}

function fillTime(cell, change) {
  if (!cell.firstChild) cell.append(h("time", { datetime: change.time }), h("span", { class: "under-name" }));
  say(cell.firstChild, moment.format(new Date(change.time)));
  say(cell.lastChild, t("unit.row_version", { n: count(change.version) }));
}

/** What a leaf was said to be. */
function value(said) {
  if (!said) return t("unit.unsaid");
  if (said.not_applicable) return t("unit.not_applicable");
  return said.points === undefined ? t("unit.unsaid") : figure(said.points);
}

function what({ before, after }, places) {
  const codes = [...new Set([...Object.keys(before.leaves), ...Object.keys(after.leaves)])];
  const lines = codes.map((code) => leafLine(code, before.leaves[code], after.leaves[code], places));
  for (const [kind, label] of [["bonus", t("unit.bonus")], ["penalty", t("unit.penalty")]]) {
    if (before[kind] === after[kind]) continue;
    const note = after[`${kind}_note`];
    lines.push(h("li", {}, `${label}: ${figure(before[kind])} → `, h("strong", {}, figure(after[kind])), note ? ` – ${note}` : null));
  }
  const list = h("ul", { class: "changes" }, ...lines);
  if (lines.length <= FEW) return [list];
  return [h("details", {}, h("summary", {}, t("unit.changes", { n: count(lines.length) })), list)];
}

function leafLine(code, before, after, places) {
  const place = places.get(code);
  const parts = [
    `${code}${place ? `. ${name(place.leaf.name)}` : ""}: ${value(before)} → `,
    h("strong", {}, value(after)),
    after?.self_points !== undefined && after.self_points !== before?.self_points ? ` · ${t("unit.self_points")}: ${figure(after.self_points)}` : null,
    after?.note && after.note !== before?.note ? ` – ${after.note}` : null,
    after?.evidence?.length && JSON.stringify(after.evidence) !== JSON.stringify(before?.evidence) ? evidence(after.evidence) : null,
  ];
  return h("li", {}, ...parts);
}
