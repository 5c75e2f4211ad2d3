// What was published of a campaign: the newest first.
import "../frame.js";
import { get } from "../api.js";
import { $, h } from "../dom.js";
import { count, t } from "../labels.js";
import { clear, loading, show } from "../notice.js";
import { page } from "../page.js";
import { hour, titleOf } from "../publication/words.js";
import { link } from "../state.js";

const AGAIN_MS = 20_000;
const BEGINNING = 12;

function card(head, n) {
  const { number, digest, forced } = head;
  return h(
    "li",
    { class: "card", value: number },
    h(
      "div",
      { class: "card-marks" },
      h("span", { class: "pill" }, t("publications.number", { n: number })),
      n === 0 ? h("span", { class: "pill open" }, t("publications.newest")) : null,
      forced.length ? h("span", { class: "pill private" }, t("publications.forced")) : null,
    ),
    h("h2", {}, h("a", { href: link(`/c/${page.campaign}/publications/${number}`) }, titleOf(head))),
    h("p", { class: "period" }, hour(head.at, page.model?.opens)),
    head.note ? h("p", {}, head.note) : null,
    h("p", { class: "big" }, h("strong", {}, count(head.counted)), " ", t("counted")),
    h("p", { class: "code" }, `${t("publications.version", { n: head.version })} · ${t("publications.digest", { text: digest.slice(0, BEGINNING) })}`),
  );
}

let said = null;
async function refresh() {
  try {
    const found = await get(`/v1/campaigns/${page.campaign}/publications`);
    clear();
    $("publications").removeAttribute("aria-busy");
    $("none").hidden = found.publications.length > 0;
    $("publications").hidden = !found.publications.length;
    if (found === said) return;
    said = found;
    const open = document.activeElement?.closest?.("#publications a")?.getAttribute("href");
    $("publications").replaceChildren(...[...found.publications].reverse().map(card));
    if (open) $("publications").querySelector(`a[href="${CSS.escape(open)}"]`)?.focus();
  } catch (problem) {
    show(problem, refresh);
  }
}

loading();
refresh();
setInterval(() => document.hidden || refresh(), AGAIN_MS);
