// What the office has to look after, before anything else on the page.
import { $, h } from "../dom.js";
import { count, figure, t } from "../labels.js";
import { link } from "../state.js";
import { page } from "../page.js";
import { groupName } from "./figures.js";

const WARNINGS = {
  behind: "participation.behind",
  edited: "participation.edited",
  withdrawn: "participation.withdrawn",
  conflict: "participation.conflict",
  no_opinion: "participation.no_opinion",
  straight_lining: "participation.straight",
};

function warning({ code, where, percent, limit }) {
  const said = t(WARNINGS[code] ?? code, { percent: figure(percent) });
  const to = link(`/c/${page.campaign}/participation`, { group: where.group });
  return [`${code}/${where.group}`, h("strong", {}, h("a", { href: to }, groupName(where.group))), ` ${said} `, h("span", { class: "limit" }, t("participation.limit", { limit }))];
}

/** The list in `#attention`: warnings, cells without enough forms, records that wait. It is left alone while it says the same. */
export function drawAttention(found) {
  const items = found.warnings.map(warning);
  const { cells, below } = found.missing;
  if (cells) items.push(["missing", h("strong", {}, h("a", { href: "#missing-title" }, t("participation.cells", { n: count(cells) }))), `: ${t("participation.cells_why", { below: count(below) })}`]);
  const waiting = found.activity.totals.rejected;
  if (waiting) items.push(["rejected", h("strong", {}, t("participation.rejected", { n: count(waiting) })), `: ${t("participation.rejected_why")}`]);
  const list = items.map(([key, ...content]) => h("li", { "data-warning": key }, ...content));
  const fine = h("li", { class: "fine" }, t("participation.fine"));
  const box = $("attention-list");
  const before = box.dataset.said;
  const made = h("ul", {}, ...(list.length ? list : [fine]));
  if (before !== made.innerHTML) {
    box.dataset.said = made.innerHTML;
    box.replaceChildren(...made.children);
  }
  $("attention").hidden = false;
  $("attention").classList.toggle("calm", list.length === 0);
}
