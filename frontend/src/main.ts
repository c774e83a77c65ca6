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

import { lazily } from "./lazy.ts";

lazily("app-sign-in", () => import("./elements/sign-in.ts"));
lazily("app-take", () => import("./elements/take.ts"));
lazily("app-move", () => import("./elements/move.ts"));
lazily("app-publish", () => import("./elements/publish.ts"));
lazily("app-account", () => import("./elements/account.ts"));
lazily("app-check", () => import("./elements/check.ts"));
