// A ranking in a frame of another site: short, live, with the way to all of it.
import "../frame.js";
import { address, getScores, Problem } from "../api.js";
import { $ } from "../dom.js";
import { name, t } from "../labels.js";
import { keepCurrent, Live } from "../live.js";
import { clear, loading, show } from "../notice.js";
import { page, renewModel } from "../page.js";
import { rankingTable } from "../ranking/table.js";
import { link, read } from "../state.js";
import { follow } from "../status.js";

const asked = read();
const top = Number(asked.top) || 10;
const live = new Live(page.campaign, () => (page.model ? ranking() : null));
const status = follow(live);
const table = rankingTable($("table"), { compact: true });

/** The ranking that is shown, as the API is asked for it. */
function ranking() {
  const block = page.model.blocks.find((one) => one.code === asked.block) ?? page.model.blocks[0];
  return { block: block.code, field: asked.field, group: asked.group };
}

async function refresh() {
  try {
    if (!page.model) await renewModel();
    if (!page.model) throw new Problem(503, "", true);
    const found = await getScores(address(`/v1/campaigns/${page.campaign}/rankings`, ranking()));
    const block = page.model.blocks.find((one) => one.code === found.block);
    clear();
    table.show(found.rows.slice(0, top), t("ranking.caption", { block: name(block.name), what: t("ranking.field.all") }));
    $("embed-more").href = link(`/c/${page.campaign}`, { block: block.code });
    status.shown(found.as_of);
    current.showing(found.as_of.state);
    document.body.classList.remove("stale");
  } catch (problem) {
    document.body.classList.add("stale");
    show(problem, refresh);
  }
}

const current = keepCurrent(live, refresh);
loading();
refresh();
