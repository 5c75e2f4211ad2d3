// Choices of what is shown, which the address keeps.
import { $, h } from "./dom.js";
import { write } from "./state.js";

/**
 * A row of buttons of which one is chosen, in the fieldset `id`; choosing writes the parameter `key`, and `also` with it.
 * @param {[string, string][]} choices codes and what they are called
 */
export function segments(id, key, choices, value, also = {}) {
  const box = $(id);
  if (box.querySelectorAll("input").length !== choices.length) {
    box.querySelectorAll("label").forEach((label) => label.remove());
    for (const [code, text] of choices) {
      const input = h("input", { type: "radio", name: key, value: code, onchange: () => write({ [key]: code, ...also }) });
      box.append(h("label", {}, input, h("span", {}, text)));
    }
  }
  for (const input of box.querySelectorAll("input")) input.checked = input.value === value;
}

/** The options of the select `id`. */
export function options(id, choices, value) {
  const select = $(id);
  const said = JSON.stringify(choices);
  if (select.dataset.said !== said) {
    select.dataset.said = said;
    select.replaceChildren(...choices.map(([code, text]) => h("option", { value: code }, text)));
  }
  select.value = value;
}
