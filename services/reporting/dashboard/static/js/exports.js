// Files of what is shown, and the address of the page.
import { address } from "./api.js";
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
    h("a", { class: "button", href: address(`${path}.${form}`, { ...asked, ...(form === "json" ? {} : { lang: page.lang }) }), "data-form": form }, form.toUpperCase()),
  );
  const copy = h("button", { type: "button", class: "button", onclick: () => copyLink(copy) }, t("exports.link"));
  $("exports").replaceChildren(...links, copy);
}

async function copyLink(button) {
  await navigator.clipboard?.writeText(location.href);
  say(button, t("exports.copied"));
  announce(t("exports.copied"));
}
