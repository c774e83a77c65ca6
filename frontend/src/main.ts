/** The script of every page. What needs a wallet's code comes in parts, when an element of its kind is on the page. */

import "./trusted.ts";
import "./htmx.ts";
import "./elements/toasts.ts";
import "./elements/time.ts";
import "./elements/countdown.ts";
import "./elements/copy.ts";
import "./elements/theme.ts";
import "./elements/amount-pair.ts";
import "./elements/shortcuts.ts";
import "./elements/redraw.ts";
import "./elements/socket.ts";

import { lazily } from "./lazy.ts";

for (const tag of ["app-sign-in", "app-take", "app-move", "app-publish", "app-account", "app-check", "app-submit"]) {
  lazily(tag, () => import("./wallet-elements.ts"));
}
lazily("app-chat", () => import("./elements/chat.ts"));
lazily("app-push", () => import("./elements/push.ts"));
lazily("app-verify", () => import("./elements/verify.ts"));
lazily("app-disclose", () => import("./elements/disclose.ts"));
lazily("app-opened", () => import("./elements/opened.ts"));

try {
  if (sessionStorage.getItem("parley.stock") !== null) void import("./stocked.ts").then(({ fillIfDue }) => fillIfDue());
} catch {
  // No storage, no keys to leave.
}
