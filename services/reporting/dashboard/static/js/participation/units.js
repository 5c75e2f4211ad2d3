// Forms by unit and group: which unit still needs whom.
import { chart, look } from "../chart.js";
import { h, say } from "../dom.js";
import { byName, count, figure, name, t } from "../labels.js";
import { page } from "../page.js";
import { leftOf, nameAxis, tooltip, valueAxis } from "../plot.js";
import { unitAddress } from "../ranking/table.js";
import { Table } from "../table.js";
import { ticks } from "../ticks.js";
import { against, groupName, ofUnit } from "./figures.js";

export const MOST = 60;
const ROW_PX = 25;
const HEAD_PX = 40;
const STEPS = 7;

/** A cell's colour: what part of its quota has come. */
const step = (cell) => (cell.required ? Math.min(STEPS, 1 + Math.floor((STEPS * cell.n) / cell.required)) : null);

function fillUnit(cell, row) {
  if (!cell.firstChild) {
    const to = unitAddress(row);
    cell.append(to ? h("a", { class: "unit", href: to }) : h("span", { class: "unit" }));
  }
  say(cell.firstChild, name(row.name));
}

function fillShare(cell, row) {
  const { asked, required } = row.all;
  say(cell, required ? `${figure(((100 * asked) / required).toFixed(1))} %` : "–");
}

const fillCell = (code, below) => (cell, row) => {
  const found = row.groups.find((one) => one.group === code);
  if (!cell.firstChild) cell.append(h("b"), h("small"), h("span", { class: "quiet" }));
  const [n, required, why] = cell.children;
  say(n, found ? count(found.n) : "");
  say(required, found?.required ? `/${count(found.required)}` : "");
  const few = found && found.n < below;
  say(why, !found ? t("participation.not_asked") : few ? t("participation.few") : "");
  cell.className = ["num cell", few ? "few" : "", found && step(found) ? `step-${step(found)}` : ""].join(" ").trim();
};

/** A table of units and the groups that rate them; made anew when the groups are others. */
export function unitTable(element, groups, below, options) {
  return new Table(element, {
    columns: [
      { key: "unit", title: t("col.unit"), class: "who", header: true, sort: (row) => name(row.name), fill: fillUnit },
      { key: "n", title: t("participation.forms"), class: "num", sort: (row) => row.all.n, first: "descending", fill: (cell, row) => say(cell, count(row.all.n)) },
      { key: "share", title: t("participation.share"), class: "num", sort: (row) => (row.all.required ? row.all.asked / row.all.required : null), fill: fillShare },
      ...groups.map((group) => ({
        key: `g.${group.code}`,
        title: name(group.name),
        class: "num cell",
        sort: (row) => row.groups.find((one) => one.group === group.code)?.n ?? null,
        fill: fillCell(group.code, below),
      })),
    ],
    key: (row) => row.unit,
    words: (row) => `${row.name.vi} ${row.name.en ?? ""} ${row.unit}`,
    compare: byName,
    ...options,
  });
}

/** The units' rows of a block (null: of all), for one group or for all. */
export function unitRows(found, block, group) {
  const { below } = found.missing;
  return found.units
    .filter((unit) => !block || unit.block === block.code)
    .map((unit) => ({ ...unit, all: ofUnit(unit, group, below) }))
    .filter((row) => !group || row.groups.some((cell) => cell.group === group));
}

/** Bars of forms with a line across where the quota is. */
export async function unitChart(element) {
  const made = await chart(element);
  let rows = [];
  made.made.on("click", ({ dataIndex }) => {
    const to = rows[dataIndex] && unitAddress(rows[dataIndex]);
    if (to) location.assign(to);
  });
  return (all, group) => {
    rows = all.slice(0, MOST);
    const colors = look();
    element.style.height = `${(rows.length * ROW_PX + HEAD_PX) * colors.scale}px`;
    made.made.resize();
    made.set(options(rows, group, colors, element.clientWidth));
  };
}

function options(rows, group, colors, width) {
  const px = (size) => size * colors.scale;
  return {
    aria: { enabled: false },
    grid: { left: leftOf(colors, width), right: px(20), top: 8, bottom: px(28) },
    tooltip: tooltip(colors, width, (n) => sentence(rows[n], group)),
    xAxis: valueAxis(colors, { min: 0, minInterval: 1 }),
    yAxis: nameAxis(colors, rows.map((row) => name(row.name)), width),
    series: [
      {
        id: "n",
        type: "bar",
        barWidth: "62%",
        data: rows.map((row) => ({
          value: row.all.n,
          itemStyle: {
            color: colors.bar,
            opacity: row.all.missing ? 0.55 : 1,
            borderRadius: [0, 3, 3, 0],
            decal: row.all.missing ? { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: -Math.PI / 4, color: colors.surface } : { symbol: "none" },
          },
        })),
      },
      ticks("required", rows.map((row) => row.all.required), colors.whisker, colors.scale),
    ],
  };
}

function sentence(row, group) {
  const cells = group ? [] : row.groups.map((cell) => `${groupName(cell.group)}: ${count(cell.n)}${cell.required ? `/${count(cell.required)}` : ""}`);
  return [name(row.name), against(row.all.n, row.all.required), ...cells, row.all.missing ? t("participation.few") : null].filter(Boolean).join("\n");
}

/** What the chart says, for those who do not see it. */
export function description(rows, who) {
  if (!rows.length) return t("ranking.norows");
  const ordered = [...rows].sort((a, b) => a.all.n - b.all.n);
  const [least, most] = [ordered[0], ordered[ordered.length - 1]];
  return t("participation.units_label", { who, n: count(rows.length), least: name(least.name), least_n: count(least.all.n), most: name(most.name), most_n: count(most.all.n) });
}
