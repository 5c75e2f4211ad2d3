// How a unit stood in what was published, one publication after another.
import { orDash } from "../cells.js";
import { $, h, say } from "../dom.js";
import { figure, name, t } from "../labels.js";
import { page } from "../page.js";
import { hour, titleOf } from "../publication/words.js";
import { link } from "../state.js";
import { Table } from "../table.js";

function fillPublication(cell, row) {
  if (!cell.firstChild) cell.append(h("a", { class: "unit", href: link(`/c/${page.campaign}/publications/${row.number}`) }), h("span", { class: "said" }));
  const [to, title] = cell.children;
  say(to, t("unit.published_n", { n: row.number }));
  say(title, ` ${titleOf(row)}`);
}

export function publishedPanel() {
  const table = new Table($("published"), {
    columns: [
      { key: "number", title: t("unit.published_when"), class: "who", header: true, fill: fillPublication },
      { key: "at", title: t("unit.when"), class: "wide", fill: (cell, row) => say(cell, hour(row.at, page.model.opens)) },
      { key: "index", title: t("col.index"), class: "num", fill: orDash((row) => row.index && figure(row.index)) },
      { key: "rank", title: t("col.rank"), class: "num", fill: orDash((row) => row.rank && `${row.rank}${row.tied ? ` (${t("mark.tied")})` : ""}`) },
    ],
    key: (row) => String(row.number),
    words: (row) => String(row.number),
  });
  return {
    draw(unit) {
      $("panel-published").hidden = !unit.publications.length;
      table.show(unit.publications, t("unit.published_caption", { unit: name(unit.name) }));
    },
  };
}
