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
const live = new Live(page.campaign);
const status = follow(live);
const table = rankingTable($("table"), { compact: true });

async function refresh() {
  try {
    if (!page.model) await renewModel();
    if (!page.model) throw new Problem(503, "", true);
    const block = page.model.blocks.find((one) => one.code === asked.block) ?? page.model.blocks[0];
    const { field, group } = asked;
    const ranking = await getScores(address(`/v1/campaigns/${page.campaign}/rankings`, { block: block.code, field, group }));
    clear();
    table.show(ranking.rows.slice(0, top), t("ranking.caption", { block: name(block.name), what: t("ranking.field.all") }));
    $("embed-more").href = link(`/c/${page.campaign}`, { block: block.code });
    status.shown(ranking.as_of);
    current.showing(ranking.as_of.state);
    document.body.classList.remove("stale");
  } catch (problem) {
    document.body.classList.add("stale");
    show(problem, refresh);
  }
}

const current = keepCurrent(live, refresh);
loading();
refresh();
