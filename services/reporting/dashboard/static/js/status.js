// The line that says which state is shown, how old it is, and whether it is current.
import { $, announce, say } from "./dom.js";
import { age, count, t, time } from "./labels.js";

const TICK_MS = 1_000;

/** Keeps the element `status` of a page. Returns `shown(as_of)`, to be called when figures are put on the screen. */
export function follow(live) {
  let asOf = null;
  let since = null;

  function tick() {
    const box = $("status");
    box.dataset.state = live.condition;
    say($("status-word"), t(`status.${live.condition}`));
    if (!asOf) return;
    say($("status-counted"), t("status.counted", { n: count(asOf.counted) }));
    say($("status-state"), t("status.state", { n: count(asOf.state) }));
    const positions = Object.entries(asOf.positions)
      .map(([topic, places]) => `${topic} ${Object.entries(places).map(([p, next]) => `${p}:${next}`).join(" ")}`)
      .join("; ");
    $("status-state").title = t("status.position", { text: positions });
    // While the stream lives, what is shown is what is in force; its age is that of the last change.
    say($("status-age"), t("status.at", { time: time(since), age: age(Date.now() - since) }));
  }

  live.on("condition", (condition) => {
    tick();
    if (condition !== "connecting") announce(t(`status.${condition}`));
  });
  setInterval(tick, TICK_MS);
  tick();
  return {
    shown(found) {
      if (found.state !== asOf?.state) since = new Date();
      asOf = found;
      tick();
    },
  };
}
