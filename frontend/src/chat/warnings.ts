/** What deserves a word of caution beside a message. Decided here, in the reader's page; nothing is sent anywhere. */

import { pieces } from "./text.ts";

export type Danger = "words" | "support" | "claim" | "link" | "elsewhere";

// Letters that are written to slip past a filter: digits and look-alikes for letters, marks between letters.
const LOOKALIKES: Record<string, string> = { "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", $: "s", "!": "i" };
const CYRILLIC: Record<string, string> = { а: "a", е: "e", о: "o", р: "p", с: "c", х: "x", у: "y", і: "i", ѕ: "s", т: "t", м: "m", к: "k", н: "h", в: "b" };

const WORDS = [
  /\b(seed|recovery|mnemonic|backup|secret)[\s-]*(phrase|words?|key|sentence)s?\b/,
  /\b(private|wallet)[\s-]*keys?\b/,
  /\b(12|24|twelve|twenty[\s-]*four)[\s-]*words?\b/,
  /\b(keystore|wallet)[\s-]*(file|password|passphrase)\b/,
  /\b(connect|validate|verify|synchroni[sz]e|sync|rectify|restore)\s+(your\s+)?wallet\b/,
];
const SUPPORT = [
  /\b(parley|official|customer|live|help\s*desk|technical)[\s-]*(support|service|agent|admin(istrator)?|team|moderator)\b/,
  /\b(i\s*am|i'm|this\s+is|we\s+are|here\s+is)\s+(from\s+)?(the\s+)?(parley|support|an?\s+admin|admin|moderator|arbitrator|staff|escrow\s+(agent|team))\b/,
  /\b(contact|message|write|call|text|dm|ask)\s+((us|our|the|to|with)\s+){0,2}(support|admin|help\s*desk|staff)\b/,
  /\bsupport\b/,
];
const CLAIM = [
  /\bpayments?\s+(is|was|has\s+been|were)?\s*(now\s+)?(confirmed|verified|approved|completed|secured|received|pending\s+release)\b/,
  /\b(coins?|funds?|escrow|deposit)\s+(is|are|was|were|has\s+been|have\s+been)?\s*(now\s+)?(released|unlocked|on\s+hold|frozen|confirmed|guaranteed|secured)\b/,
  /\b(bank|system|platform)\s+(has\s+)?(confirmed|approved|verified|holds?|guarantees?)\b/,
  /\b(release|confirm)\s+(first|now|quickly|immediately|the\s+coins\s+first)\b/,
  /\b(wrong|too\s+much|double|twice)\b.*\b(send|refund|return)\b.*\bback\b/,
];
const ELSEWHERE = [
  /\b(whats\s*app|wha+tsap+|telegram|tele\s*gram|signal|viber|wechat|we\s*chat|discord|skype|messenger|instagram|insta|snapchat|line\s+app|threema|session\s+app|zalo|imo)\b/,
  /(^|\s)t\.me\b|\bwa\.me\b|\bdiscord\.gg\b/,
  /\b(outside|off)\s+(of\s+)?(the\s+)?(parley|platform|site|app|chat)\b/,
  /\b(cancel|without)\s+(the\s+)?(trade|escrow|lock)\s+(and|then|here)?\s*(pay|deal|trade|do)\b/,
];
const KEY = /(?<![0-9a-f])(0x)?[0-9a-f]{64}(?![0-9a-f])/;
const ORDINARY = /\b(the|and|you|your|have|will|that|with|from|this|for|are|not|please|bank|send|sent|name)\b/;

/** The gravest danger of a message, or null. */
export function dangerOf(text: string): Danger | null {
  const plain = text.normalize("NFKC").toLowerCase();
  const readings = [plain, unmasked(plain), unmasked(plain.replaceAll("1", "l"))];
  const has = (patterns: RegExp[]): boolean => readings.some((reading) => patterns.some((pattern) => pattern.test(reading)));
  if (isSecret(text) || has(WORDS)) return "words";
  if (has(SUPPORT)) return "support";
  if (has(CLAIM)) return "claim";
  if (has(ELSEWHERE)) return "elsewhere";
  return pieces(text).some((piece) => piece.host) ? "link" : null;
}

/** Whether the text looks like a wallet's own secret: its key in hex, or twelve to twenty-four bare words in a row. */
export function isSecret(text: string): boolean {
  const plain = text.normalize("NFKC").toLowerCase();
  if (KEY.test(plain)) return true;
  const words = plain.split(/[\s,;]+|\b\d{1,2}[.):]?(?=\s|$)/u).filter(Boolean);
  return words.length >= 12 && words.length <= 24 && words.every((word) => /^[a-z]{3,8}$/.test(word)) && !ORDINARY.test(plain);
}

/** What the reader is told. */
export function warningText(danger: Danger, hosts: string[]): string {
  switch (danger) {
    case "words":
      return "Nobody ever needs your wallet's secret words, keys or files. Whoever has them has your coins.";
    case "support":
      return "Staff never write like this. Their lines run across the full width, in their own colour, and only once there is a case.";
    case "claim":
      return "Only your own bank and the lock bar of this trade say what has happened. A message proves nothing.";
    case "elsewhere":
      return "Stay in this chat. What is said elsewhere cannot be shown to the arbitrator.";
    case "link":
      return `This leads to ${hosts.join(", ")}. We open no links from messages; never sign or type anything there.`;
  }
}

function unmasked(text: string): string {
  return text
    .replace(/(?<=\p{L})[.\-_*](?=\p{L}\b|\p{L}[.\-_*])/gu, "")
    .replace(/[\u0400-\u04ff]/g, (letter) => CYRILLIC[letter] ?? letter)
    .replace(/(?<=\p{L})[013457@$!]|[013457@$!](?=\p{L})/gu, (mark) => LOOKALIKES[mark] ?? mark);
}
