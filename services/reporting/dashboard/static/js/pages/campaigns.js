// The list of campaigns.
import "../frame.js";
import { get } from "../api.js";
import { $, h } from "../dom.js";
import { count, day, name, t } from "../labels.js";
import { clear, loading, show } from "../notice.js";
import { link } from "../state.js";

const AGAIN_MS = 20_000;

function card(campaign) {
  return h(
    "li",
    { class: "card" },
    h(
      "div",
      { class: "card-marks" },
      h("span", { class: `pill ${campaign.state}` }, t(`phase.${campaign.state}`)),
      h("span", { class: `pill ${campaign.live}` }, t(`live.${campaign.live}`)),
    ),
    h("h3", {}, h("a", { href: link(`/c/${campaign.campaign}`) }, name(campaign.title))),
    h("p", { class: "period" }, `${day(campaign.opens)} – ${day(campaign.closes)}`),
    h("p", { class: "big" }, h("strong", {}, count(campaign.counted)), " ", t("counted")),
    h("p", { class: "code" }, `${campaign.campaign} · ${t("version", { n: campaign.version })}`),
  );
}

let said = null;
async function refresh() {
  try {
    const found = await get("/v1/campaigns");
    clear();
    $("campaigns").removeAttribute("aria-busy");
    if (found !== said) {
      said = found;
      const open = document.activeElement?.closest?.("#campaigns a")?.getAttribute("href");
      $("campaigns").replaceChildren(...found.campaigns.map(card));
      if (open) $("campaigns").querySelector(`a[href="${CSS.escape(open)}"]`)?.focus();
      if (!found.campaigns.length) $("campaigns").append(h("li", { class: "notice" }, t("campaigns.none")));
    }
  } catch (problem) {
    show(problem, refresh);
  }
}

loading();
refresh();
setInterval(() => document.hidden || refresh(), AGAIN_MS);
