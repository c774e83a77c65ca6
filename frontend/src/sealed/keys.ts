/**
 * Room keys and what the device signs. WebCrypto first: the private half never leaves it. Where a browser has no such
 * curves, the page computes them itself and the secret is 32 bytes in the same store.
 */

import { type Bytes, concat, hex, isZero, must, sha256 } from "./bytes.ts";
import { deviceOf, type Statement, parseStatement, signedBody, statementBody, statementSigned } from "./layout.ts";

export type Secret = CryptoKey | Uint8Array;

export interface RoomKey {
  key: Bytes;
  secret: Secret;
}

/** A device that signs: its public keys and how to reach the private one. */
export interface Signer {
  signing: Bytes;
  agreement: Bytes;
  secret: Secret;
}

// The points of small order of both curves, sign and unused bit taken off: an agreement with one is known to everybody,
// and one as a signing key makes signatures that fit every message.
const SMALL_X25519 = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);
const SMALL_ED25519 = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

function withoutTopBit(bytes: Uint8Array): string {
  const copy = new Uint8Array(bytes);
  copy[31] = (copy[31] ?? 0) & 0x7f;
  return hex(copy);
}

/** Whether a point may be anybody's room key. */
export const isRoomPoint = (key: Uint8Array): boolean => key.length === 32 && !SMALL_X25519.has(withoutTopBit(key));

/** Whether a point may be a device's signing key. */
export const isSigningPoint = (key: Uint8Array): boolean => key.length === 32 && !SMALL_ED25519.has(withoutTopBit(key));

const curves = () => import("@noble/curves/ed25519");

/** A fresh room key. */
export async function makeRoomKey(): Promise<RoomKey> {
  try {
    const pair = (await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"])) as CryptoKeyPair;
    return { key: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)), secret: pair.privateKey };
  } catch {
    const { x25519 } = await curves();
    const secret = x25519.utils.randomPrivateKey();
    return { key: new Uint8Array(x25519.getPublicKey(secret)), secret };
  }
}

/** The shared secret of one's own key and another's. @throws BadSeal for a point of small order. */
export async function agree(secret: Secret, other: Bytes): Promise<Bytes> {
  must(isRoomPoint(other), "This key belongs to everybody.");
  const shared = await shareOf(secret, other);
  must(!isZero(shared), "This key belongs to everybody.");
  return shared;
}

async function shareOf(secret: Secret, other: Bytes): Promise<Bytes> {
  if (secret instanceof Uint8Array) {
    const { x25519 } = await curves();
    return new Uint8Array(x25519.getSharedSecret(secret, other));
  }
  const imported = await crypto.subtle.importKey("raw", other, { name: "X25519" }, false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: imported }, secret, 256));
}

export async function sign(secret: Secret, bytes: Bytes): Promise<Bytes> {
  if (!(secret instanceof Uint8Array)) return new Uint8Array(await crypto.subtle.sign("Ed25519", secret, bytes));
  const { ed25519 } = await curves();
  return new Uint8Array(ed25519.sign(bytes, secret));
}

let isWebCrypto: Promise<boolean> | undefined;

/** Whether this browser knows Ed25519 itself. */
const knowsEd25519 = (): Promise<boolean> =>
  (isWebCrypto ??= crypto.subtle.importKey("raw", new Uint8Array(BASE_POINT), "Ed25519", false, ["verify"]).then(
    () => true,
    () => false,
  ));
const BASE_POINT = [0x58, ...Array<number>(31).fill(0x66)];

/** Whether `signing` made the signature. */
export async function verifies(signing: Bytes, signature: Bytes, bytes: Bytes): Promise<boolean> {
  if (!isSigningPoint(signing)) return false;
  try {
    if (await knowsEd25519()) {
      const imported = await crypto.subtle.importKey("raw", signing, "Ed25519", false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", imported, signature, bytes);
    }
    return await verifiesInPage(signing, signature, bytes);
  } catch {
    return false;
  }
}

/**
 * The same where the browser has no Ed25519: by the equation without cofactor, as browsers and the hub have it. With one, a
 * signer could make signatures that hold here alone. @throws for points that are none.
 */
export async function verifiesInPage(signing: Bytes, signature: Bytes, bytes: Bytes): Promise<boolean> {
  const { ed25519 } = await curves();
  if (!ed25519.verify(signature, bytes, signing, { zip215: false })) return false;
  const { CURVE, ExtendedPoint } = ed25519;
  const [key, commitment] = [ExtendedPoint.fromHex(signing), ExtendedPoint.fromHex(signature.slice(0, 32))];
  const challenge = littleEndian(CURVE.hash(concat(signature.slice(0, 32), signing, bytes))) % CURVE.n;
  return commitment.add(key.multiplyUnsafe(challenge)).equals(ExtendedPoint.BASE.multiplyUnsafe(littleEndian(signature.slice(32))));
}

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${hex(new Uint8Array(bytes).reverse())}`);

/** The signed statement of a room key; `room` is 32 zeros for the stock. */
export async function makeStatement(signer: Signer, of: { kind: number; room: Bytes; address: Bytes; key: Bytes; made: number }): Promise<Statement> {
  const device = deviceOf(signer.signing, signer.agreement);
  const body = statementBody({ ...of, device, signing: signer.signing, agreement: signer.agreement });
  const signature = await sign(signer.secret, statementSigned(body));
  return parseStatement(concat(body, signature));
}

/** A statement whose signature and key hold. @throws BadSeal */
export async function checkedStatement(bytes: Uint8Array): Promise<Statement> {
  const statement = parseStatement(bytes);
  must(isRoomPoint(statement.key), "The statement's key belongs to everybody.");
  must(await verifies(statement.signing, statement.signature, statementSigned(signedBody(statement))), "The statement is not signed by its device.");
  return statement;
}

/** The name of a statement or of an envelope: the hash of its bytes. */
export const nameOf = (of: { bytes: Bytes }): Promise<Bytes> => sha256(of.bytes);
