/** What a message's content is in words, for lists of messages. */

import { textOf } from "./bytes.ts";
import { manifestOf } from "./file.ts";
import { ACCOUNT, type Content, FILE, OPENING } from "./layout.ts";

/** @throws BadSeal if the content is not what its type says. */
export function wordsIn({ type, content }: Content): string {
  if (type === OPENING) return "";
  if (type === ACCOUNT) return `An account to pay to: ${textOf(content)}`;
  if (type !== FILE) return textOf(content);
  const { name, size, sha256 } = manifestOf(content);
  return `A file: ${name}, ${Math.max(1, Math.round(size / 1024))} KB. Its sealed bytes have the hash ${sha256}.`;
}
