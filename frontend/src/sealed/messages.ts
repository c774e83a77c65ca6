/** Sealing a message and opening one: keys, wraps and the commitment. Who may be believed is not decided here. */

import { type Bytes, concat, decrypt, encrypt, hkdf, hmac, label, must, random, same, sha256 } from "./bytes.ts";
import { agree, type Secret, type Signer, sign, verifies } from "./keys.ts";
import {
  type Content, contentBytes, type Envelope, envelopeBody, type Front, frontOf, headerOf, messageSigned, packPlain, parseEnvelope, parsePlain,
  type Statement, signedBody, type Wrap,
} from "./layout.ts";

/** A key statement with its name. */
export interface Named {
  name: Bytes;
  statement: Statement;
}

/** What is random in a message; tests hand in their own. */
export interface Chance {
  f: Bytes;
  key: Bytes;
}

export interface Sealing {
  front: Front;
  content: Content;
  sender: Named & { secret: Secret };
  readers: Named[];
  signer: Signer;
  chance?: Chance;
}

/** The sealed envelope and the message key. @throws BadSeal */
export async function seal({ front, content, sender, readers, signer, chance }: Sealing): Promise<{ envelope: Envelope; key: Bytes }> {
  const { f, key } = chance ?? { f: random(32), key: random(32) };
  const plain = packPlain(f, content);
  const fore = frontOf(front);
  const commitment = await commitmentOf(f, fore, content);
  const header = concat(fore, commitment);
  const ciphertext = await encrypt(key, plain, header);
  const wraps: Wrap[] = [];
  for (const reader of readers) {
    const wrapping = await wrappingKey(sender.secret, reader.statement, saltOf(sender, reader), header);
    wraps.push({ name: reader.name, key: await encrypt(wrapping, key, header) });
  }
  const body = envelopeBody(fore, commitment, wraps, ciphertext);
  const signature = await sign(signer.secret, messageSigned(body));
  return { envelope: parseEnvelope(concat(body, signature)), key };
}

/** Whether the sender's device signed the envelope. */
export const isSigned = (envelope: Envelope, sender: Statement): Promise<boolean> =>
  verifies(sender.signing, envelope.signature, messageSigned(signedBody(envelope)));

/** The message key, from the reader's own wrap. @throws BadSeal if there is none or it does not open. */
export async function unwrap(envelope: Envelope, sender: Named, reader: Named & { secret: Secret }): Promise<Bytes> {
  const wrap = envelope.wraps.find(({ name }) => same(name, reader.name));
  must(wrap !== undefined, "The message is not sealed for this device.");
  const header = headerOf(envelope);
  const wrapping = await wrappingKey(reader.secret, sender.statement, saltOf(sender, reader), header);
  return decrypt(wrapping, wrap.key, header);
}

/** What the message says, by its key; only the one text that fits the commitment. @throws BadSeal */
export async function open(envelope: Envelope, key: Bytes): Promise<Content> {
  const { f, content } = parsePlain(await decrypt(key, envelope.ciphertext, headerOf(envelope)));
  must(same(envelope.commitment, await commitmentOf(f, envelope.front, content)), "The text does not fit the message's commitment.");
  return content;
}

const commitmentOf = (f: Bytes, front: Bytes, content: Content): Promise<Bytes> => hmac(f, label("parley commitment 1"), front, contentBytes(content));

/** Both statements, the sender's first: the key is for this direction alone. */
const saltOf = (sender: Named, reader: Named): Promise<Bytes> => sha256(sender.statement.bytes, reader.statement.bytes);

async function wrappingKey(secret: Secret, other: Statement, salt: Promise<Bytes>, header: Bytes): Promise<Bytes> {
  return hkdf(await agree(secret, other.key), await salt, concat(label("parley wrap 1"), await sha256(header)));
}
