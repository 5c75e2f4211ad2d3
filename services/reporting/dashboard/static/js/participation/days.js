// What came in day by day, or summed up beside an even course.
import { chart, look } from "../chart.js";
import { say } from "../dom.js";
import { groupColor } from "../group_color.js";
import { count, day, t } from "../labels.js";
import { page } from "../page.js";
import { NARROW_PX, tooltip, valueAxis } from "../plot.js";
import { Table } from "../table.js";
import { course, groupName } from "./figures.js";

const DAY_MS = 86_400_000;
const HEIGHT_PX = 300;
const EFFECTS = ["submitted", "edited", "withdrawn", "duplicate", "superseded", "conflict"];

/**
 * The days from the first on which something came in to the last, of one group or of all. Days between them on which
 * nothing came have rows too: nothing is what came.
 */
export function dayRows(activity, group) {
  const of = new Map();
  for (const found of activity.by_group) {
    if (group && found.group !== group) continue;
    const row = of.get(found.day) ?? empty(found.day);
    for (const effect of EFFECTS) row[effect] += found[effect];
    if (found.group !== null) row.groups.set(found.group, found.submitted);
    of.set(found.day, row);
  }
  const days = [...of.keys()].sort();
  if (!days.length) return [];
  const rows = [];
  let total = 0;
  for (let at = Date.parse(days[0]); at <= Date.parse(days[days.length - 1]); at += DAY_MS) {
    const key = new Date(at).toISOString().slice(0, 10);
    const row = of.get(key) ?? empty(key);
    total += row.submitted - row.withdrawn;
    rows.push({ ...row, total });
  }
  return rows;
}

const empty = (key) => ({ day: key, ...Object.fromEntries(EFFECTS.map((effect) => [effect, 0])), groups: new Map() });

export function dayTable(element, options) {
  const number = (key, title, wide = "") => ({ key, title, class: `num ${wide}`, sort: (row) => row[key], first: "descending", fill: (cell, row) => say(cell, count(row[key])) });
  return new Table(element, {
    columns: [
      { key: "day", title: t("participation.day"), class: "who", header: true, sort: (row) => Date.parse(row.day), first: "descending", fill: (cell, row) => say(cell, day(row.day)) },
      number("submitted", t("participation.submitted")),
      number("edited", t("participation.edits")),
      number("withdrawn", t("participation.withdrawals")),
      number("conflict", t("participation.conflicts"), "wide"),
      number("duplicate", t("participation.duplicates"), "wide"),
      number("superseded", t("participation.superseded"), "wide"),
      number("total", t("participation.total")),
    ],
    key: (row) => row.day,
    words: (row) => row.day,
    sort: { by: "day", way: "descending" },
    ...options,
  });
}

/** `draw(rows, view, required, groups)`: bars of each day by group (`daily`), or the sum with the even course (`total`). */
export async function dayChart(element) {
  const made = await chart(element);
  return (rows, view, required, groups) => {
    const colors = look();
    element.style.height = `${HEIGHT_PX * colors.scale}px`;
    made.made.resize();
    made.made.setOption(
      { ...frame(rows, colors, element.clientWidth, groups, view), series: view === "total" ? sums(rows, required, colors) : bars(rows, groups, colors) },
      { replaceMerge: ["series"] },
    );
  };
}

/** Until when a day's forms had come: its end, or now. */
const until = (row) => Math.min(Date.now(), Date.parse(`${row.day}T00:00:00${page.model.opens.slice(19)}`) + DAY_MS);

function frame(rows, colors, width, groups, view) {
  const px = (size) => size * colors.scale;
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: { fontFamily: colors.font, color: colors.text },
    grid: { left: px(12), right: px(20), top: px(12), bottom: px(8), containLabel: true },
    tooltip: tooltip(colors, width, (n) => told(rows[n], groups, view)),
    xAxis: {
      type: "category",
      data: rows.map((row) => (width < NARROW_PX ? `${row.day.slice(8)}/${row.day.slice(5, 7)}` : day(row.day))),
      axisLine: { lineStyle: { color: colors.quiet } },
      axisTick: { show: false },
      axisLabel: { color: colors.quiet, fontSize: px(12), hideOverlap: true },
    },
    yAxis: valueAxis(colors, { min: 0, minInterval: 1 }),
  };
}

function told(row, groups, view) {
  const lines = view === "total" ? [] : groups.filter((group) => row.groups.has(group.code)).map((group) => `${groupName(group.code)}: ${count(row.groups.get(group.code))}`);
  return [day(row.day), `${t("participation.submitted")}: ${count(row.submitted)}`, ...lines, `${t("participation.total")}: ${count(row.total)}`].join("\n");
}

function bars(rows, groups, colors) {
  return groups.map((group) => ({
    id: group.code,
    name: groupName(group.code),
    type: "bar",
    stack: "submitted",
    barMaxWidth: 56 * colors.scale,
    data: rows.map((row) => row.groups.get(group.code) ?? "-"),
    itemStyle: { color: groupColor(page.model.groups.indexOf(group)), borderColor: colors.surface, borderWidth: 1 },
  }));
}

function sums(rows, required, colors) {
  const line = (id, data, color, type) => ({ id, type: "line", data, showSymbol: data.length < 2, symbolSize: 9, lineStyle: { color, width: 2.5 * colors.scale, type }, itemStyle: { color } });
  const found = [{ ...line("total", rows.map((row) => row.total), colors.bar, "solid"), areaStyle: { color: colors.bar, opacity: 0.15 } }];
  if (required) found.push(line("even", rows.map((row) => Math.round(required * course(until(row)))), colors.text, "dashed"));
  return found;
}

/** What the chart says, for those who do not see it. */
export function description(rows, view, who) {
  if (!rows.length) return t("participation.no_days");
  const most = rows.reduce((best, row) => (row.submitted > best.submitted ? row : best));
  const last = rows[rows.length - 1];
  return t(view === "total" ? "participation.total_label" : "participation.days_label", {
    who,
    from: day(rows[0].day),
    to: day(last.day),
    most: day(most.day),
    n: count(most.submitted),
    total: count(last.total),
  });
}
