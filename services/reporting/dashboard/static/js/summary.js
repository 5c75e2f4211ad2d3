// A few figures at the head of a page, kept in place.
import { h, say } from "./dom.js";

/** Sets one of them, in a list of definitions: its term, its value, and what is said below it. */
export function set(box, key, term, value, more) {
  let item = box.querySelector(`[data-key="${key}"]`);
  if (!item) {
    item = h("div", { "data-key": key }, h("dt"), h("dd", { class: "value" }), h("dd", { class: "more" }));
    box.append(item);
  }
  const [a, b, c] = item.children;
  say(a, term);
  say(b, value);
  say(c, more);
}
