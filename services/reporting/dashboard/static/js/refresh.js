// Asking for what a page shows and drawing it, however often and however slowly.
import { Problem } from "./api.js";
import { show } from "./notice.js";
import { page, renewModel } from "./page.js";

/**
 * A function that asks and draws. Of several under way only the last may draw; what keeps that from coming is said, and
 * what stands there is marked as old.
 * @param {(overtaken: () => boolean) => Promise<void>} work
 */
export function refreshing(work) {
  let asking = 0;
  async function refresh() {
    const turn = ++asking;
    const overtaken = () => turn !== asking;
    try {
      await work(overtaken);
    } catch (problem) {
      if (overtaken()) return;
      document.body.classList.add("stale");
      show(problem, refresh);
    }
  }
  return refresh;
}

/**
 * Asks for the campaign's model where it could not be had when the page was made.
 * @throws {Problem} it cannot be had now either
 */
export async function needModel(drawControls = () => {}) {
  if (page.model) return;
  await renewModel();
  if (!page.model) throw new Problem(503, "", true);
  drawControls();
}
