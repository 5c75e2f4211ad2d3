// Says that ranks are being reckoned, and for how long, when that takes longer than a moment.
import { $, h, say } from "../dom.js";
import { count, t } from "../labels.js";

const MOMENT_MS = 400;
const TICK_MS = 1_000;

/** Begins to say so after a moment; what it returns ends it, and gives the milliseconds it took. */
export function progress(draws) {
  const box = $("progress");
  const began = Date.now();
  const tell = () => {
    if (!box.firstChild) box.append(h("p", {}), h("progress", { "aria-labelledby": "progress-text" }));
    box.firstChild.id = "progress-text";
    box.hidden = false;
    const seconds = Math.floor((Date.now() - began) / 1000);
    say(box.firstChild, seconds < 2 ? t("robustness.reckoning", { n: count(draws) }) : t("robustness.reckoning_for", { n: count(draws), s: seconds }));
  };
  const first = setTimeout(tell, MOMENT_MS);
  const more = setInterval(tell, TICK_MS);
  return () => {
    clearTimeout(first);
    clearInterval(more);
    box.hidden = true;
    return Date.now() - began;
  };
}
