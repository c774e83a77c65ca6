/** The script of a devnet only: a wallet in the page, so that nobody needs an extension to try. */

import "./menu.ts";
import "./try.ts";

import { announce } from "./provider.ts";

announce();
