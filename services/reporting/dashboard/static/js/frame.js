// What every page has: the choice of appearance, the other language, a token to be forgotten.
import { token } from "./api.js";
import { $ } from "./dom.js";
import { follows } from "./state.js";

const KEY = "parindex.theme";
const listeners = [];

/** Calls `listener` when light becomes dark or the other way round. */
export function onTheme(listener) {
  listeners.push(listener);
}

function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds for this page then.
  }
  listeners.forEach((listener) => listener());
}

/** The same address in the other language: whatever else it says is kept. */
function otherLanguage() {
  const parameters = new URLSearchParams(location.search);
  parameters.set("lang", $("language").hreflang);
  return `${location.pathname}?${parameters}`;
}

const select = $("theme");
if (select) {
  select.value = document.documentElement.dataset.theme ?? "auto";
  select.addEventListener("change", () => setTheme(select.value));
}
// Paper is light.
for (const query of ["(prefers-color-scheme: dark)", "print"]) {
  matchMedia(query).addEventListener("change", () => listeners.forEach((listener) => listener()));
}
if ($("language")) {
  $("language").href = otherLanguage();
  follows($("language"), otherLanguage);
}

// On a phone the tabs are wider than the screen: the one that is shown is brought into it.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

const forget = $("forget");
if (forget) {
  forget.hidden = !token.get();
  forget.addEventListener("click", () => {
    token.forget();
    location.reload();
  });
}
