/** The sealed format in one bundle, for tests. */

export * as bytes from "../../frontend/src/sealed/bytes.ts";
export * as layout from "../../frontend/src/sealed/layout.ts";
export * as keys from "../../frontend/src/sealed/keys.ts";
export * as messages from "../../frontend/src/sealed/messages.ts";
export * as file from "../../frontend/src/sealed/file.ts";
export * as log from "../../frontend/src/sealed/log.ts";
export * as binding from "../../frontend/src/sealed/binding.ts";
export * as bundle from "../../frontend/src/sealed/bundle.ts";
export { Transcript } from "../../frontend/src/sealed/transcript.ts";
export { Trust, safetyCode } from "../../frontend/src/sealed/trust.ts";
