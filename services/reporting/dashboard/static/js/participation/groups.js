// Forms against the quota, group by group: of the whole campaign, or of a block's units.
import { chart, look } from "../chart.js";
import { orDash } from "../cells.js";
import { h, say } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { leftOf, nameAxis, tooltip, valueAxis } from "../plot.js";
import { Table } from "../table.js";
import { ticks } from "../ticks.js";
import { against, course, groupName } from "./figures.js";

const ROW_PX = 40;
const HEAD_PX = 40;

/** The rows: a group's forms, those asked for, their share, and its cells with too few; `block` null is the whole campaign. */
export function groupRows(found, block) {
  if (!block) {
    const missing = new Map();
    for (const { groups } of found.blocks) for (const group of groups) missing.set(group.group, (missing.get(group.group) ?? 0) + group.missing);
    return found.groups.map((group) => ({ ...group, n: group.counted, missing: missing.get(group.group) ?? 0 }));
  }
  const quotas = new Map(found.groups.map((group) => [group.group, group.quota]));
  const groups = found.blocks.find((one) => one.block === block.code)?.groups ?? [];
  return groups.map((group) => ({ ...group, quota: quotas.get(group.group) ?? null }));
}

const PER = { unit: "participation.per_unit", block: "participation.per_block", campaign: "participation.per_campaign" };
const quota = (row) => (row.quota ? t(PER[row.quota.per], { n: count(row.quota.forms) }) : "–");
const owed = (row) => (row.required === null ? null : Math.max(0, row.required - row.n));

function fillForms(cell, row) {
  if (!cell.firstChild) cell.append(h("span"), h("span", { class: "sub" }));
  say(cell.children[0], count(row.n));
  say(cell.children[1], row.required === null ? "" : `/${count(row.required)}`);
}

function fillShare(cell, row) {
  if (!cell.firstChild) cell.append(h("span", { class: "figure" }), h("span", { class: "meter", "aria-hidden": "true" }, h("i")));
  const [text, meter] = cell.children;
  say(text, row.share === null ? "–" : `${figure(row.share)} %`);
  meter.hidden = row.share === null;
  meter.firstChild.style.width = `${Math.min(100, Number(row.share ?? 0))}%`;
}

export function groupTable(element) {
  return new Table(element, {
    columns: [
      { key: "group", title: t("participation.group"), class: "who", header: true, fill: (cell, row) => say(cell, groupName(row.group)) },
      { key: "n", title: t("participation.forms"), class: "num", fill: fillForms },
      { key: "required", title: t("participation.required"), class: "num wide", fill: orDash((row) => row.required && count(row.required)) },
      { key: "share", title: t("participation.share"), class: "num index", fill: fillShare },
      { key: "owed", title: t("participation.owed"), class: "num wide", fill: orDash((row) => owed(row) !== null && count(owed(row))) },
      { key: "missing", title: t("participation.missing"), class: "num wide", fill: (cell, row) => say(cell, count(row.missing)) },
      { key: "quota", title: t("participation.quota"), class: "wide", fill: (cell, row) => say(cell, quota(row)) },
    ],
    key: (row) => row.group,
    words: (row) => row.group,
  });
}

/** The same as bars of the quota's share; the line across is where an even course would be by now. */
export async function groupChart(element) {
  const made = await chart(element);
  return (rows) => {
    const colors = look();
    element.style.height = `${(rows.length * ROW_PX + HEAD_PX) * colors.scale}px`;
    made.made.resize();
    made.set(options(rows, colors, element.clientWidth));
  };
}

function options(rows, colors, width) {
  const px = (size) => size * colors.scale;
  const even = 100 * course();
  return {
    aria: { enabled: false },
    grid: { left: leftOf(colors, width), right: px(20), top: 8, bottom: px(28) },
    tooltip: tooltip(colors, width, (n) => sentence(rows[n]).replaceAll(" · ", "\n")),
    xAxis: valueAxis(colors, { min: 0, max: ({ max }) => Math.max(100, Math.ceil(max / 20) * 20), interval: 20, axisLabel: { color: colors.quiet, fontSize: px(12), formatter: "{value} %", hideOverlap: true } }),
    yAxis: nameAxis(colors, rows.map((row) => groupName(row.group)), width),
    series: [
      {
        id: "share",
        type: "bar",
        barWidth: "56%",
        // A group that nothing is asked of has no bar: it is not at 0 %.
        data: rows.map((row) => ({
          value: row.share === null ? "-" : Number(row.share),
          itemStyle: { color: colors.bar, borderRadius: [0, 3, 3, 0] },
        })),
      },
      ticks("even", rows.map((row) => (row.required ? even : null)), colors.whisker, colors.scale),
    ],
  };
}

/** All of a row in one sentence. */
export function sentence(row) {
  return [groupName(row.group), against(row.n, row.required), row.missing ? `${t("participation.missing")}: ${count(row.missing)}` : null].filter(Boolean).join(" · ");
}

/** What the chart says, for those who do not see it. */
export const description = (rows, block) => t("participation.groups_label", { block: block ? name(block.name) : t("participation.all"), text: rows.map(sentence).join("; ") });
