// Whether a response is among those that a publication counts: asked with a receipt, checked here.
import { get, Problem } from "../api.js";
import { $, h } from "../dom.js";
import { count, t } from "../labels.js";
import { able, leafOf, proves } from "./tree.js";

const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/i;
const SHA256 = /^[0-9a-f]{64}$/;

/** What a pasted text names: `response`, with `revision` and `digest` where it is a receipt; null where it is nothing. */
export function receiptIn(text) {
  let given = null;
  try {
    given = JSON.parse(text);
  } catch {
    // An id alone, or a receipt with words around it.
  }
  const said = given?.receipt ?? given;
  const response = UUID.exec(said?.response ?? text)?.[0].toLowerCase();
  if (!response) return null;
  const whole = Number.isSafeInteger(said?.revision) && SHA256.test(said?.digest);
  return whole ? { response, revision: said.revision, digest: said.digest } : { response };
}

/** @returns {Promise<[string, ...string[]]>} the kind of the verdict, and what is said of it */
async function verdict(receipt, { base, counted, root }) {
  let proof;
  try {
    proof = await get(`${base}/proof/${receipt.response}`);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return problem.status === 404 ? ["no", t("publication.no"), t("publication.no_why")] : ["unknown", t("publication.unreachable")];
  }
  if (!able()) return ["unknown", t("publication.unchecked")];
  // The root is the one that this page shows, not what the proof says of it.
  if (!(await proves(proof.leaf, proof.place, counted, proof.path, root))) return ["wrong", t("publication.wrong")];
  const steps = count(proof.path.length);
  if (!receipt.digest) return ["yes", t("publication.yes"), t("publication.yes_id", { n: steps }), t("publication.compare")];
  if ((await leafOf(receipt)) !== proof.leaf) return ["no", t("publication.other")];
  return ["yes", t("publication.yes"), t("publication.yes_whole", { n: steps, revision: receipt.revision }), t("publication.compare")];
}

/** Puts a verdict into an element: its first sentence is what counts. */
export function pronounce(element, kind, first = "", ...more) {
  element.dataset.kind = kind;
  element.replaceChildren(...(first ? [h("p", {}, h("strong", {}, first))] : []), ...more.map((text) => h("p", {}, text)));
}

/** Keeps the form `proof`. `published()` gives the publication's address, and its head's `counted` and `root`. */
export function proofForm(published) {
  let asking = 0;
  $("proof").addEventListener("submit", async (event) => {
    event.preventDefault();
    const turn = ++asking;
    const receipt = receiptIn($("receipt").value);
    if (!receipt) return pronounce($("verdict"), "unknown", t("publication.no_receipt"));
    pronounce($("verdict"), "waits", t("publication.checking"));
    const found = await verdict(receipt, published());
    if (turn === asking) pronounce($("verdict"), ...found);
  });
}
