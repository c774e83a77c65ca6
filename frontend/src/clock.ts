/** The chain's clock: seconds since 1970 as the newest block tells them, which is what every deadline runs on. */

let aheadMilliseconds = 0;

/** Learn the chain's time, as the server read it when it drew the page. */
export function setClock(chainSeconds: number): void {
  aheadMilliseconds = chainSeconds * 1000 - Date.now();
}

/** The chain's time now, in whole seconds. */
export const chainNow = (): number => Math.floor((Date.now() + aheadMilliseconds) / 1000);

const zone = document.documentElement.lang || "en";

const SHORT: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", year: "numeric" };
const FULL: Intl.DateTimeFormatOptions = { ...SHORT, year: "numeric", second: "2-digit", timeZoneName: "short" };

const write = (moment: Date, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(zone === "en" ? "en-GB" : zone, { hourCycle: "h23", ...options }).format(moment);

/** The last second that a calendar can hold; a deadline beyond it has no practical end. */
const LAST_SECOND = 8.64e12;

/** A moment in words: the clock alone when it is today, in the reader's zone. */
export function momentText(seconds: number, format = "short"): string {
  if (seconds > LAST_SECOND) return "no end";
  const moment = new Date(seconds * 1000);
  if (format === "full") return write(moment, FULL);
  if (format === "day") return write(moment, DAY);
  if (format === "ago") return agoText(chainNow() - seconds) ?? write(moment, SHORT);
  const today = moment.toDateString() === new Date(chainNow() * 1000).toDateString();
  return write(moment, format === "clock" || today ? CLOCK : SHORT);
}

/** "3 min ago" under a day, else null. */
function agoText(seconds: number): string | null {
  if (seconds < 0 || seconds >= 86_400) return null;
  if (seconds < 60) return "just now";
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3_600)} h ago`;
}

/** A clock in two lines: ["18:24", "min"], ["2 d", "23 h"], ["20 h", "24 min"]. */
export function leftText(seconds: number): [string, string] {
  if (seconds <= 0) return ["0:00", "over"];
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  if (days) return [`${days} d`, `${hours} h`];
  if (hours) return [`${hours} h`, `${minutes} min`];
  return [`${minutes}:${String(seconds % 60).padStart(2, "0")}`, "min"];
}

/** A length of time in words: "3 days", "30 min". */
export function spanText(seconds: number): string {
  if (seconds % 86_400 === 0 && seconds >= 86_400) return seconds === 86_400 ? "24 hours" : `${seconds / 86_400} days`;
  if (seconds >= 7_200 && seconds % 3_600 === 0) return `${seconds / 3_600} hours`;
  return `${Math.round(seconds / 60)} min`;
}
