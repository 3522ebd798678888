/**
 * The sandbox's time in words, in the zone of the tower that is looked at.
 */

let zone;
const formats = new Map();

/** How `options` are written in that language, in the tower's zone. */
export function format(options, language = "en-GB") {
  const key = `${language}${zone}${JSON.stringify(options)}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(language, { ...options, timeZone: zone }));
  }
  return formats.get(key);
}

/** Take the tower's zone; one the browser does not know leaves the browser's own. */
export function setZone(name) {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name ?? undefined });
    zone = name ?? undefined;
  } catch {
    zone = undefined;
  }
}

/** "12:31" */
export const clockTime = (date) => format({ hour: "2-digit", minute: "2-digit" }).format(date);

/** "12:31:07" */
export const exactTime = (date) =>
  format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(date);

/** "Mon 23 Nov" */
export const dayOf = (date) =>
  format({ weekday: "short", day: "numeric", month: "short" }).format(date).replace(",", "");

/** "GMT-5", so that nobody takes the tower's time for their own. */
export const zoneName = (date) =>
  format({ timeZoneName: "short" }).formatToParts(date)
    .find((part) => part.type === "timeZoneName")?.value ?? "";
