// Files of what is shown, and the address of the page.
import { address, token } from "./api.js";
import { $, announce, h, say } from "./dom.js";
import { t } from "./labels.js";
import { page } from "./page.js";

/**
 * Links to files, in the element `exports`, and the button that copies the page's address.
 * @param {string} path of the view, without a form: `/v1/campaigns/x/rankings`
 * @param {string[]} forms
 * @param {Record<string, string | undefined>} asked the view's parameters
 */
export function drawExports(path, forms, asked = {}) {
  const links = forms.map((form) =>
    h("a", { class: "button", href: address(`${path}.${form}`, { ...asked, ...(form === "json" ? {} : { lang: page.lang }) }), "data-form": form, onclick: withToken }, form.toUpperCase()),
  );
  const copy = h("button", { type: "button", class: "button", onclick: () => copyLink(copy) }, t("exports.link"));
  $("exports").replaceChildren(...links, copy);
}

/** A link carries no token: with one, the file is fetched and handed over. */
async function withToken(event) {
  if (!token.get()) return;
  event.preventDefault();
  const { href } = event.currentTarget;
  const answer = await fetch(href, { headers: { Authorization: `Bearer ${token.get()}` } });
  if (!answer.ok) {
    announce(t("problem.unavailable"));
    return;
  }
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  const file = URL.createObjectURL(await answer.blob());
  h("a", { href: file, download: named?.[1] ?? href.split("/").pop() }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
}

/** Copies the address of the page, and says so on the button. */
export async function copyLink(button) {
  await navigator.clipboard?.writeText(location.href);
  say(button, t("exports.copied"));
  announce(t("exports.copied"));
}
