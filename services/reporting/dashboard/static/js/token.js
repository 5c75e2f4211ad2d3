// The form that asks for a viewer's token. It is kept for the tab.
import { token } from "./api.js";
import { h } from "./dom.js";
import { t } from "./labels.js";

/** `why`: what it is needed for; `wrong`: whether the one before was refused; `then()` is called when one was given. */
export function tokenForm(why, { wrong, then, id = "token" }) {
  const input = h("input", { id, type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const form = h(
    "form",
    {
      class: "notice token",
      onsubmit: (event) => {
        event.preventDefault();
        token.set(input.value.trim());
        form.remove();
        then();
      },
    },
    h("p", {}, h("strong", {}, why), " ", t("token.why")),
    wrong ? h("p", { class: "wrong", role: "alert" }, t("token.wrong")) : null,
    h("label", { for: id }, t("token.label")),
    input,
    h("button", { class: "button primary" }, t("token.enter")),
  );
  return form;
}
