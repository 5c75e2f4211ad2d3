// What is said of a publication.
import { page } from "../page.js";

const calendar = new Intl.DateTimeFormat(page.lang === "vi" ? "vi-VN" : "en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** The hour of a moment (UTC) in the time zone of another that is written with its offset. */
export function hour(at, like) {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(like ?? "") ?? [null, "+", 0, 0];
  const ahead = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return calendar.format(new Date(Date.parse(at) + (sign === "-" ? -ahead : ahead)));
}

/** A publication's title. It may have been given in one language only. */
export const titleOf = ({ title }) => title[page.lang] ?? title.vi ?? title.en ?? "";
