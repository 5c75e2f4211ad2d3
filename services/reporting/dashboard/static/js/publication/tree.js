// The Merkle tree of the responses that count (RFC 6962, 2.1), checked here: so the server need not be believed.

/** Whether this browser reckons hashes; on a page of plain HTTP it does not. */
export const able = () => Boolean(globalThis.crypto?.subtle);

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** SHA-256 of bytes, as 64 hexadecimal digits. */
export async function sha256(content) {
  const found = await crypto.subtle.digest("SHA-256", content);
  return [...new Uint8Array(found)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const hashed = async (...parts) => sha256(await new Blob(parts).arrayBuffer());
const node = (left, right) => hashed(Uint8Array.of(1), bytes(left), bytes(right));

/** The leaf of what a receipt says: SHA-256 of a zero byte and the canonical JSON. */
export const leafOf = ({ response, revision, digest }) => hashed(Uint8Array.of(0), JSON.stringify({ digest, response, revision }));

const half = (number) => Math.floor(number / 2);

/**
 * Whether a path leads from a leaf to the root of a tree (RFC 9162, 2.1.3.2). Hashes are hexadecimal digits.
 * @param {string} leaf
 * @param {number} place of the leaf, from 0
 * @param {number} size how many leaves the tree has
 * @param {string[]} path the nodes beside the way, the lowest first
 * @param {string} root
 */
export async function proves(leaf, place, size, path, root) {
  if (!Number.isSafeInteger(place) || place < 0 || place >= size) return false;
  let [here, last, found] = [place, size - 1, leaf];
  for (const beside of path) {
    if (!last) return false;
    if (here % 2 || here === last) {
      found = await node(beside, found);
      while (here && here % 2 === 0) [here, last] = [half(here), half(last)];
    } else found = await node(found, beside);
    [here, last] = [half(here), half(last)];
  }
  return !last && found === root;
}
