/** A stranger's text, made harmless to look at. The server's twin for names in its lines is chat/text.py. */

// Control characters but line feed and tab, bidirectional controls, invisible marks, separators, halves of pairs, tags.
const UNWANTED =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** The text without characters that would hide, reorder or restyle what stands around them. */
export const shown = (text: string): string => text.replace(UNWANTED, "");

/** A stretch of plain text, or something that looks like an address of the web: shown, never opened. */
export interface Piece {
  text: string;
  host: string | null;
}

const ENDINGS = "com|net|org|io|me|app|xyz|info|link|top|site|online|shop|finance|exchange|money|ru|cn|co|cc|gg|ly|to|dev|page";
const LINK = new RegExp(
  `(?<![\\p{L}\\p{N}@.\\-])(?:https?://[^\\s<>"]+|www\\.[^\\s<>"]+|(?:[\\p{L}\\p{N}-]+\\.)+(?:${ENDINGS})(?![\\p{L}\\p{N}-])(?:[/?#:][^\\s<>"]*)?)`,
  "giu",
);
const TAIL = /[.,;:!?)\]}'"]+$/;

/** The text in pieces; a host is written as the network reads it, so that look-alike letters show. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = match[0].replace(TAIL, "");
    const host = hostOf(link);
    if (!host) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), host: null });
    found.push({ text: link, host });
    end = match.index + link.length;
  }
  if (end < text.length) found.push({ text: text.slice(end), host: null });
  return found;
}

function hostOf(link: string): string | null {
  try {
    return new URL(/^https?:/i.test(link) ? link : `http://${link}`).hostname || null;
  } catch {
    return null;
  }
}

export const sizeOf = (text: string): number => new TextEncoder().encode(text).length;
