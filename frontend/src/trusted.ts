/**
 * The page's own Trusted Types policy. Nothing of ours writes HTML or script text into the page, so it refuses all but
 * the address of the service worker; it exists so that nobody else can register the name that the policy header allows.
 */
interface Policy {
  createScriptURL(text: string): string;
}

interface Factory {
  createPolicy(name: string, rules: Record<string, (text: string) => string>): Policy;
}

const WORKER = "/sw.js";

const refuse = (): never => {
  throw new TypeError("Parley writes no HTML from scripts.");
};

const onlyWorker = (address: string): string => (address === WORKER ? address : refuse());

const factory = (window as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("app", { createHTML: refuse, createScript: refuse, createScriptURL: onlyWorker });

/** The one script address that a script of ours may name. */
export const workerAddress = (): string => policy?.createScriptURL(WORKER) ?? WORKER;
