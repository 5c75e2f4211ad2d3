// The heat map of units and fields: a table whose cells are coloured by their figures.
import { ramp, scale } from "../color.js";
import { h } from "../dom.js";
import { figure, name, t } from "../labels.js";
import { index, missing, number } from "./rows.js";
import { unitAddress } from "./table.js";

/**
 * Draws the answer of `/fields` into a table; who is in it with the keyboard stays there. `onfield(code)` is called when a field's head is chosen.
 * @param {HTMLTableElement} element
 */
export function drawHeat(element, found, block, legend, onfield) {
  const colors = scale(found.rows.flatMap((row) => row.cells.map(number)).filter((value) => value !== null));
  if (legend) ramp(legend, colors, { low: `${t("legend.low")} ${round(colors.low)}`, high: `${round(colors.high)} ${t("legend.high")}` });
  const head = h(
    "tr",
    {},
    h("th", { scope: "col", class: "who" }, t("col.unit")),
    h("th", { scope: "col", class: "num" }, t("heat.whole")),
    ...found.fields.map((field) =>
      h("th", { scope: "col" }, h("button", { type: "button", class: "sort", title: name(field.name), onclick: () => onfield(field.field) }, h("abbr", { title: name(field.name) }, field.field), h("span", { class: "field-name" }, name(field.name)))),
    ),
  );
  const mean = h(
    "tr",
    { class: "mean" },
    h("th", { scope: "row", class: "who" }, t("heat.mean")),
    h("td", { class: "num" }, ""),
    ...found.fields.map((field) => h("td", { class: "num" }, field.mean === null ? "–" : figure(field.mean))),
  );
  const rows = found.rows.map((row) => {
    const address = unitAddress(row);
    return h(
      "tr",
      {},
      h("th", { scope: "row", class: "who" }, address ? h("a", { class: "unit", href: address }, name(row.name)) : name(row.name)),
      h("td", { class: "num whole" }, row.index === null ? "–" : index(row)),
      ...row.cells.map((cell) => {
        const why = missing(cell);
        return why
          ? h("td", { class: "num empty", title: why }, h("span", { "aria-hidden": "true" }, "–"), h("span", { class: "quiet" }, why))
          : h("td", { class: `num step-${colors.step(number(cell))}` }, index(cell));
      }),
    );
  });
  const focused = document.activeElement?.closest?.("#heat a, #heat button");
  const same = focused && (focused.href ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]` : `button[title="${CSS.escape(focused.title)}"]`);
  element.replaceChildren(
    h("caption", { class: "quiet" }, t("heat.caption", { block })),
    h("thead", {}, head),
    h("tbody", {}, mean, ...rows),
  );
  if (same) element.querySelector(same)?.focus({ preventScroll: true });
}

const round = (value) => (Number.isFinite(value) ? figure(value.toFixed(0)) : "");
