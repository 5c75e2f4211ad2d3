// What is said in place of figures: loading, an outage, a token that is needed. Never a zero.
import { Problem, token } from "./api.js";
import { $, h } from "./dom.js";
import { t } from "./labels.js";
import { tokenForm } from "./token.js";

const PAUSE_MS = 3_000;
let timer = null;

/** Takes the notice away. */
export function clear() {
  clearTimeout(timer);
  $("notice").replaceChildren();
  const forget = $("forget");
  if (forget) forget.hidden = !token.get();
}

/** Says that figures are on their way. */
export function loading() {
  $("notice").replaceChildren(h("p", { class: "notice", role: "status" }, t("problem.loading")));
}

/**
 * Says what is wrong, and tries again where that can help.
 * @param {unknown} problem
 * @param {() => void} again
 */
export function show(problem, again) {
  clearTimeout(timer);
  if (!(problem instanceof Problem)) throw problem;
  if (problem.needsToken) {
    ask(again);
    return;
  }
  const text =
    problem.status === 0
      ? t("problem.offline")
      : problem.retryable
        ? t("problem.unavailable")
        : t("problem.other", { detail: problem.message });
  const button = problem.retryable ? h("button", { type: "button", class: "button", onclick: again }, t("problem.retry")) : null;
  if ($("notice").dataset.said !== text || !$("notice").firstChild) {
    $("notice").replaceChildren(h("div", { class: "notice warn", role: "status" }, h("p", {}, text), button));
    $("notice").dataset.said = text;
  }
  if (problem.retryable) timer = setTimeout(again, (problem.retryAfter ?? 0) * 1000 + PAUSE_MS * (0.5 + Math.random()));
}

function ask(again) {
  if ($("token")) return;
  const wrong = token.get() !== null;
  token.forget();
  $("notice").replaceChildren(tokenForm(t("problem.private"), { wrong, then: again }));
}
