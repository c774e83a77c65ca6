/**
 * The script of a devnet only: a wallet in the page, so that nobody needs an extension to try. It announces itself by
 * EIP-6963 like any other; its code comes when somebody uses it.
 */

import type { Provider } from "../wallet/provider.ts";

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 44 44'%3E%3Crect width='44' height='44' rx='9' fill='%2300636c'/%3E%3Cpath fill='%239fe3e7' d='M7 27h7v2.500H7zM30 13.500h7V16h-7zM18 20h8v15h-8z'/%3E%3Cpath fill='%23fffefc' d='M14 17h4v18h-4zM26 9h4v26h-4z'/%3E%3C/svg%3E";

const provider: Provider = {
  request: async (call) => (await import("./provider.ts")).request(call),
  on: () => undefined,
};

const detail = Object.freeze({
  info: Object.freeze({ uuid: crypto.randomUUID(), name: "Practice wallet", icon: ICON, rdns: "app.parley.practice" }),
  provider,
});
const announce = (): boolean => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
window.addEventListener("eip6963:requestProvider", announce);
announce();

// The menu's code comes when it is opened, the trial's when it is tapped; the tap is then made again.
document.addEventListener(
  "beforetoggle",
  ({ target }) => {
    if (target instanceof Element && target.localName === "app-practice") void import("./menu.ts");
  },
  { capture: true },
);
document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>("app-try button") : null;
  if (!button || customElements.get("app-try")) return;
  await import("./try.ts");
  button.click();
});
