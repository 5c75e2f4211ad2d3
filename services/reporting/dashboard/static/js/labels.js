// Labels, names and figures in the language of the page.
import { page } from "./page.js";

/** A label; `{name}` in it is filled in from `values`. */
export function t(key, values = {}) {
  const text = page.labels[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

/** A definition's name in the page's language; Vietnamese where it has no other. */
export function name(label) {
  return (page.lang === "en" && label.en) || label.vi;
}

/** An exact figure that travels as a text: its very digits, with the decimal mark of the language. */
export function figure(text) {
  return page.lang === "vi" ? text.replace(".", ",") : text;
}

const whole = new Intl.NumberFormat(page.lang === "vi" ? "vi-VN" : "en-GB");
/** A count. */
export const count = (number) => whole.format(number);

const clock = new Intl.DateTimeFormat(page.lang === "vi" ? "vi-VN" : "en-GB", { timeStyle: "medium" });
export const time = (date) => clock.format(date);

const calendar = new Intl.DateTimeFormat(page.lang === "vi" ? "vi-VN" : "en-GB", { dateStyle: "medium", timeZone: "UTC" });
/** The day of a moment in the time zone that it is written in. */
export const day = (text) => calendar.format(new Date(`${text.slice(0, 10)}T00:00:00Z`));

const collator = new Intl.Collator("vi");
export const byName = (a, b) => collator.compare(a, b);

/** A text as it is searched for: without case and without marks, đ as d. */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");
}

/** How long ago something was, in words. */
export function age(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 3) return t("age.now");
  if (s < 60) return t("age.s", { n: s });
  if (s < 3600) return t("age.min", { n: Math.floor(s / 60) });
  return t("age.h", { n: Math.floor(s / 3600) });
}
