// What the server wrote into the page: its name, language, labels and the model of its campaign.

/** @typedef {{vi: string, en?: string}} Label */
/** @typedef {{code: string, name: Label, groups: string[], units: number}} Block */
/**
 * @typedef {object} Model
 * @property {string} campaign
 * @property {number} version
 * @property {Label} title
 * @property {Block[]} blocks
 * @property {{code: string, name: Label}[]} groups
 * @property {{code: string, name: Label}[]} fields
 * @property {{from: string, name: Label}[]} bands best first or last, as the definition has them
 * @property {Record<string, [number, number]>} tiles by unit: row and column, from 1
 * @property {"public" | "private"} live
 * @property {number} decimals
 * @property {number} suppress_below
 */

/** @type {{page: string, lang: "vi" | "en", campaign: string | null, static: string, model: Model | null, labels: Record<string, string>, pages: string[], unit?: string, block?: string}} */
export const page = JSON.parse(document.getElementById("page").textContent);

/** The model as a definition published meanwhile has it: the same page is asked for again, and only read. */
export async function renewModel() {
  const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const document_ = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = JSON.parse(document_.getElementById("page").textContent).model;
  if (!found) return;
  page.model = found;
  const title = document.getElementById("campaign-title");
  if (title) title.textContent = (page.lang === "en" && found.title.en) || found.title.vi;
}
