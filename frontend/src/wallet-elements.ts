/** Every element that talks to a wallet, in one part, so that a page fetches one file and not six. */

import "./elements/account.ts";
import "./elements/check.ts";
import "./elements/move.ts";
import "./elements/publish.ts";
import "./elements/sign-in.ts";
import "./elements/submit.ts";
import "./elements/take.ts";
