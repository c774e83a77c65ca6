/**
 * The page's own Trusted Types policy. Nothing of ours writes HTML or script text into the page, so it refuses all;
 * it exists so that nobody else can register the name that the policy header allows.
 */
interface Factory {
  createPolicy(name: string, rules: Record<string, (text: string) => string>): unknown;
}

const refuse = (): never => {
  throw new TypeError("Parley writes no HTML from scripts.");
};

const factory = (window as { trustedTypes?: Factory }).trustedTypes;
factory?.createPolicy("app", { createHTML: refuse, createScript: refuse, createScriptURL: refuse });
