// The drill-down: field → criterion → leaf → group. What is open is in the address.
import { $, h, say } from "../dom.js";
import { count, name, t } from "../labels.js";
import { page } from "../page.js";
import { index, missing } from "../ranking/rows.js";
import { key } from "./leaves.js";
import { method, percent, points } from "./words.js";

/** `onopen(keys)` is told what is open, whenever that changes. */
export function tree(onopen) {
  const made = new Map();
  const open = new Set();

  function node(kind, code, into) {
    const id = key(kind, code);
    let found = made.get(id);
    if (!found) {
      found = h(
        "details",
        { class: `node ${kind}`, "data-key": id },
        h("summary", {}, h("span", { class: "what" }), h("span", { class: "nums" })),
        h("div", { class: "inside" }),
      );
      found.addEventListener("toggle", () => {
        if (found.open === open.has(id)) return;
        if (found.open) open.add(id);
        else open.delete(id);
        onopen([...open]);
      });
      made.set(id, found);
    }
    found.open = open.has(id);
    into.append(found);
    return found;
  }

  /** The same parts in the same order: nothing that is there already is moved. */
  function keep(into, kind, items, code, fill) {
    const there = [...into.children].filter((child) => child.dataset.key).map((child) => child.dataset.key);
    const wanted = items.map((item) => key(kind, code(item)));
    if (JSON.stringify(there) !== JSON.stringify(wanted)) {
      for (const child of [...into.children]) if (child.dataset.key && !wanted.includes(child.dataset.key)) child.remove();
      items.forEach((item) => node(kind, code(item), into));
    }
    for (const item of items) fill(made.get(key(kind, code(item))), item);
  }

  function head(element, what, sum) {
    const [title, nums] = element.firstChild.children;
    say(title, what);
    const why = missing(sum);
    const said = why
      ? [why]
      : [
          `${index(sum)} %`,
          sum.lost === undefined ? null : t("unit.lost_of", { lost: points(sum.lost), attainable: points(sum.attainable) }),
          sum.rank ? t("unit.rank_in", { rank: sum.rank }) : null,
        ];
    numbers(nums, said.filter(Boolean));
  }

  return {
    /** Opens and closes: what the address says. */
    set(keys) {
      open.clear();
      keys.forEach((one) => open.add(one));
      for (const [id, element] of made) element.open = open.has(id);
    },
    /** Opens all fields and criteria, or closes everything. */
    all(unit, wanted) {
      const keys = wanted ? unit.fields.flatMap((field) => [key("field", field.field), ...field.criteria.map((one) => key("criterion", one.criterion))]) : [];
      this.set(keys);
      onopen(keys);
    },
    /** Brings a part into view, and the keyboard to it. */
    show(id) {
      const found = made.get(id);
      if (!found) return;
      found.scrollIntoView({ block: "nearest" });
      found.firstChild.focus({ preventScroll: true });
    },
    draw(unit, losses, said, field) {
      const beside = new Map(losses.leaves.map((row) => [row.leaf, row]));
      const fields = unit.fields.filter((one) => !field || one.field === field);
      keep($("tree"), "field", fields, (one) => one.field, (element, one) => {
        head(element, `${one.field}. ${name(one.name)}`, one);
        keep(element.lastChild, "criterion", one.criteria, (inner) => inner.criterion, (inside, criterion) => {
          head(inside, `${criterion.criterion}. ${name(criterion.name)}`, criterion);
          keep(inside.lastChild, "leaf", criterion.leaves, (leaf) => leaf.leaf, (last, leaf) => fillLeaf(last, leaf, beside.get(leaf.leaf), said.get(leaf.leaf)));
        });
      });
    },
  };
}

function numbers(box, said) {
  const text = JSON.stringify(said);
  if (box.dataset.said === text) return;
  box.dataset.said = text;
  box.replaceChildren(...said.map((one) => h("span", {}, one)));
}

function state(leaf) {
  if (leaf.suppressed) return t("mark.suppressed");
  if (leaf.state === "not_applicable") return t("unit.not_applicable");
  if (leaf.state === "pending") return t(leaf.method === "survey" ? "unit.waits_answers" : "unit.waits_council");
  return null;
}

function fillLeaf(element, leaf, beside, appraised) {
  const [title, nums] = element.firstChild.children;
  say(title, `${leaf.leaf}. ${name(leaf.name)}`);
  const why = state(leaf);
  numbers(nums, why ? [why] : [t("unit.points_of", { points: points(leaf.points), all: points(leaf.max_points) }), t("unit.lost_n", { lost: points(leaf.lost) })]);
  const inside = element.lastChild;
  const said = JSON.stringify([leaf, beside?.block_mean, beside?.block_best, appraised]);
  if (inside.dataset.said === said) return;
  inside.dataset.said = said;
  inside.replaceChildren(...[facts(leaf, beside, appraised), cells(leaf)].filter(Boolean));
}

function facts(leaf, beside, appraised) {
  const found = [[t("unit.method"), method(leaf)]];
  if (leaf.question) found.push([t("unit.question"), name(leaf.question)]);
  if (beside && beside.block_mean !== null) found.push([t("unit.beside"), `${points(beside.block_mean)} · ${points(beside.block_best)}`]);
  if (appraised?.self_points) found.push([t("unit.self_points"), points(appraised.self_points)]);
  if (appraised?.note) found.push([t("unit.note"), appraised.note]);
  if (appraised?.evidence?.length) found.push([t("unit.evidence"), evidence(appraised.evidence)]);
  return h("dl", { class: "facts" }, ...found.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
}

/** Links to the proof; of other kinds of addresses the words alone. */
export function evidence(links) {
  const said = links.map((one) => {
    const text = one.title ?? one.url;
    return h("li", {}, /^https?:\/\//i.test(one.url ?? "") ? h("a", { href: one.url, rel: "noopener noreferrer", target: "_blank" }, text) : text);
  });
  return h("ul", { class: "evidence" }, ...said);
}

function cells(leaf) {
  if (!leaf.groups?.length) return null;
  const names = new Map(page.model.groups.map((group) => [group.code, name(group.name)]));
  const row = (cell) => {
    const who = h("th", { scope: "row" }, names.get(cell.group) ?? cell.group);
    if (cell.suppressed) return h("tr", {}, who, h("td", { colspan: "3", class: "quiet-note" }, t("mark.suppressed")));
    return h(
      "tr",
      {},
      who,
      h("td", { class: "num" }, count(cell.answers)),
      h("td", { class: "num" }, count(cell.no_opinion)),
      h("td", { class: "num" }, cell.share === null ? t("unit.no_share") : percent(cell.share)),
    );
  };
  const head = [t("ranking.group"), t("unit.answers"), t("unit.no_opinion"), t("unit.share")];
  return h(
    "table",
    { class: "cells" },
    h("caption", { class: "quiet" }, t("unit.cells_caption", { leaf: name(leaf.name) })),
    h("thead", {}, h("tr", {}, ...head.map((one, n) => h("th", { scope: "col", class: n ? "num" : null }, one)))),
    h("tbody", {}, ...leaf.groups.map(row)),
  );
}
