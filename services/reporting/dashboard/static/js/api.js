// The API of reporting: asked with ETags and the tab's token, refused in calm words.
import { page } from "./page.js";

const KEY = "parindex.token";

/** What kept an answer from coming: `status` 0 where the server could not be reached. */
export class Problem extends Error {
  constructor(status, detail, retryable, retryAfter = null) {
    super(detail);
    this.status = status;
    this.retryable = retryable;
    this.retryAfter = retryAfter;
  }
  get needsToken() {
    return this.status === 401 || this.status === 403;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/**
 * The same for scores: of a private campaign they are not asked for without a token.
 * @throws {Problem}
 */
export async function getScores(address) {
  if (page.model?.live === "private" && !token.get()) throw new Problem(401, "", false);
  return get(address);
}

const kept = new Map();
const MOST_KEPT = 40;

function keep(key, found) {
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
}

let sent = null;

/**
 * Takes what the server has sent by itself for the answer to the next question at an address, of a tab without a token.
 * @param {{address: string, etag: string, document: any} | null} answer null: what was sent is not the present one
 */
export function take(answer) {
  sent = answer;
}

/**
 * The JSON at an address. An answer that has not changed is the same object as before.
 * @param {string} address
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export async function get(address) {
  const secret = token.get();
  const key = `${secret ?? ""} ${address}`;
  const before = kept.get(key);
  if (!secret && sent?.address === address) {
    const { etag, document } = sent;
    sent = null;
    keep(key, { etag, document: before?.etag === etag ? before.document : document });
    return kept.get(key).document;
  }
  const headers = {};
  if (secret) headers.Authorization = `Bearer ${secret}`;
  if (before) headers["If-None-Match"] = before.etag;
  let answer;
  try {
    // Tags are compared here: the browser's own store would hand back a 200 for a 304. What the page has begun to load
    // (its link `preload`) is taken up the first time; but not by a viewer, who is shown more than everybody: a request
    // with other credentials is another one.
    answer = await fetch(address, { headers, cache: before ? "no-store" : "default", credentials: secret ? "omit" : "same-origin" });
  } catch (error) {
    throw new Problem(0, String(error), true);
  }
  if (answer.status === 304 && before) return before.document;
  if (!answer.ok) throw await problem(answer);
  let found;
  try {
    found = await answer.json();
  } catch (error) {
    throw new Problem(0, String(error), true);
  }
  const etag = answer.headers.get("ETag");
  if (etag) keep(key, { etag, document: found });
  return found;
}

async function problem(answer) {
  const after = Number(answer.headers.get("Retry-After")) || null;
  try {
    const said = await answer.json();
    return new Problem(answer.status, said.detail ?? said.title, said.retryable ?? answer.status >= 500, after);
  } catch {
    return new Problem(answer.status, answer.statusText, answer.status >= 500, after);
  }
}

/** An address with a query, without the parameters that are empty. */
export function address(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}
