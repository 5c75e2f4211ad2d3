// The digest of what was published, computed here of the very bytes that the server sends.
import { $ } from "../dom.js";
import { count, t } from "../labels.js";
import { pronounce } from "./proof.js";
import { able, sha256 } from "./tree.js";

const BEFORE = ',"content":';
const HEAD = 65_536;

/** The bytes of the content in `{"publication":…,"content":…}`: no text in the head has a quotation mark of its own. */
function contentIn(whole) {
  const head = new TextDecoder("latin1").decode(whole.slice(0, HEAD));
  return whole.slice(head.indexOf(BEFORE) + BEFORE.length, -1);
}

/** What the button `compute` does. `published()` gives the publication's address, and its head's `digest` and `root`. */
export function digestButton(published) {
  const say = (...verdict) => pronounce($("computed"), ...verdict);
  $("compute").addEventListener("click", async () => {
    const { base, digest, root } = published();
    if (!able()) return say("unknown", t("publication.insecure"));
    say("waits", t("publication.computing"));
    $("compute").disabled = true;
    try {
      const answer = await fetch(`${base}.json`);
      if (!answer.ok) throw new TypeError(answer.statusText);
      const content = contentIn(await answer.arrayBuffer());
      const found = await sha256(content);
      const named = JSON.parse(new TextDecoder().decode(content)).about.as_of.root;
      if (found === digest && named === root) say("yes", t("publication.equal", { n: count(content.byteLength) }));
      else say("wrong", t("publication.unequal", { text: found }));
    } catch {
      say("unknown", t("publication.unreachable"));
    } finally {
      $("compute").disabled = false;
    }
  });
}
