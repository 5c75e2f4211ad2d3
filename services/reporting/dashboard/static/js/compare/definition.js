// What the later campaign measures otherwise, and which units are no more: what may explain a difference.
import { $, h } from "../dom.js";
import { count, figure, name, t } from "../labels.js";
import { figureOr } from "./rows.js";

const EFFECTS = [
  ["index", "compare.effect_index"],
  ["rank", "compare.effect_rank"],
  ["form", "compare.effect_form"],
];
const SHORT = 12;
const DECIMAL = /^-?\d+\.\d+$/;

/** A difference in words, its decimals with the mark of the language. */
function said({ text, before, after }) {
  return [before, after].filter((value) => DECIMAL.test(value ?? "")).reduce((found, value) => found.replaceAll(value, figure(value)), name(text));
}

/** Draws both lists; they are left alone while they say the same. */
export function drawDefinition({ definition, gone }) {
  const groups = EFFECTS.map(([effect, label]) => [label, definition.filter((one) => one.effect === effect)]).filter(([, found]) => found.length);
  keep(
    $("definition"),
    groups.length
      ? groups.map(([label, found]) =>
          h("details", { open: found.length <= SHORT }, h("summary", {}, `${t(label)} (${count(found.length)})`), h("ul", {}, ...found.map((one) => h("li", {}, said(one))))),
        )
      : [h("p", { class: "under" }, t("compare.same_definition"))],
  );
  keep($("gone"), gone.map((unit) => h("li", {}, h("strong", {}, name(unit.name)), ` ${t("compare.was", { index: figureOr(unit.index, t("mark.none")), rank: unit.rank ?? "–" })}`)));
  $("gone-section").hidden = gone.length === 0;
}

function keep(element, children) {
  const made = h("div", {}, ...children);
  if (element.dataset.said === made.innerHTML) return;
  element.dataset.said = made.innerHTML;
  element.replaceChildren(...children);
}
