// Cells (a unit and a group) with too few forms, and what waits or came by which way.
import { $, h, say } from "../dom.js";
import { byName, count, name, t } from "../labels.js";
import { Table } from "../table.js";
import { groupName, share } from "./figures.js";

export function missingTable(element, options) {
  return new Table(element, {
    columns: [
      { key: "unit", title: t("col.unit"), class: "who", header: true, sort: (row) => name(row.name), fill: (cell, row) => say(cell, name(row.name)) },
      { key: "group", title: t("participation.group"), sort: (row) => groupName(row.group), fill: (cell, row) => say(cell, groupName(row.group)) },
      { key: "n", title: t("participation.forms"), class: "num", sort: (row) => row.n, fill: (cell, row) => say(cell, t("participation.n_of_least", { n: count(row.n), below: count(row.below) })) },
    ],
    key: (row) => `${row.unit}/${row.group}`,
    words: (row) => `${row.name.vi} ${row.group}`,
    compare: byName,
    ...options,
  });
}

/** The cells that are listed, of a block and a group. */
export function missingRows(found, block, group) {
  const units = new Map(found.units.map((unit) => [unit.unit, unit]));
  return found.missing.listed
    .map((cell) => ({ ...cell, below: found.missing.below, ...pick(units.get(cell.unit)) }))
    .filter((row) => (!block || row.block === block.code) && (!group || row.group === group));
}

const pick = (unit) => ({ name: unit.name, block: unit.block });

const CHANNELS = { web: "participation.web", tablet: "participation.tablet", paper: "participation.paper", import: "participation.import" };
const REASONS = { unreadable: "participation.unreadable", misplaced: "participation.misplaced" };

/** By which way forms came, and what could not be applied. */
export function drawWays({ channels, rejected }) {
  const all = Object.values(channels).reduce((sum, n) => sum + n, 0);
  for (const [channel, n] of Object.entries(channels)) {
    line($("channels"), channel, CHANNELS[channel] ? t(CHANNELS[channel]) : channel, `${count(n)}${all ? ` (${share(n, all)} %)` : ""}`, all ? n / all : 0);
  }
  const reasons = Object.entries(rejected);
  for (const [reason, n] of reasons) line($("rejected"), reason, REASONS[reason] ? t(REASONS[reason]) : reason, count(n));
  for (const item of [...$("rejected").children]) if (!(item.dataset.key in rejected)) item.remove();
  $("rejected-none").hidden = reasons.length > 0;
}

function line(list, key, term, text, part = null) {
  let item = list.querySelector(`[data-key="${key}"]`);
  if (!item) {
    item = h("li", { "data-key": key }, h("span"), h("b"), part === null ? null : h("span", { class: "meter", "aria-hidden": "true" }, h("i")));
    list.append(item);
  }
  say(item.children[0], term);
  say(item.children[1], text);
  if (part !== null) item.children[2].firstChild.style.width = `${100 * part}%`;
}
