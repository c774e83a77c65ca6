/** Files of a sealed chat: looked at before they are sent, sealed, posted, and shown where they came. Fetched on the first one. */

import { momentText } from "../clock.ts";
import type { Entry } from "../chat/log.ts";
import { el, icon } from "../dom.ts";
import { csrf, Problem } from "../page.ts";
import { BadSeal, type Bytes } from "./bytes.ts";
import { type Manifest, MOST_FILE_BYTES, openFile, prepare, type Ready, sealFile } from "./file.ts";

const THUMB = 240;
const SHOWN = 1_600;
const BROKEN = "This file could not be opened. Reload the page and try again.";
const OFFLINE = "The connection failed, so the file was not sent. Try again in a moment.";

/** "slip.pdf, 84 KB". */
export const sizeText = (bytes: number): string => (bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

/** A file that was picked, as it would be sent, with two buttons; `send` settles when the hub has it. */
export async function previewOf(file: File, send: (manifest: Manifest) => Promise<void>, url: string, done: () => void): Promise<HTMLElement> {
  const ready = await prepare(file);
  const go = el("button", { class: "btn is-small", type: "button" }, "Send it sealed");
  const drop = el("button", { class: "btn is-plain is-small", type: "button" }, "Remove");
  const status = el("p", { class: "hint", role: "status" }, ready.type === "application/pdf" ? "Sent as it is." : "Drawn anew: place and camera stay here.");
  const view = el("div", { class: "file-preview" }, await pictureOf(ready.bytes, ready.type, THUMB, ready.name), el("div", { class: "stack stack-4" }, nameLine(ready.name, ready.bytes.length), status, el("div", { class: "row" }, go, drop)));
  drop.addEventListener("click", done);
  go.addEventListener("click", () => {
    go.disabled = drop.disabled = true;
    status.textContent = "Sealing and sending…";
    sealedAndSent(ready, url, send).then(done, (thrown: unknown) => {
      go.disabled = drop.disabled = false;
      status.className = "hint is-bad";
      status.textContent = thrown instanceof Problem ? thrown.message : "It could not be sent. Nothing was lost; try again.";
    });
  });
  return view;
}

async function sealedAndSent(ready: Ready, url: string, send: (manifest: Manifest) => Promise<void>): Promise<void> {
  const { sealed, key, sha256, size } = await sealFile(ready.bytes);
  const blob = await stored(url, sealed, sha256);
  await send({ blob, key, name: ready.name, sha256, size, type: ready.type });
}

async function stored(url: string, sealed: Bytes, sha256: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, { method: "POST", credentials: "same-origin", body: sealed, headers: { "Content-Type": "application/octet-stream", "X-Sha256": sha256, "X-CSRFToken": csrf() } });
  } catch {
    throw new Problem(OFFLINE, "offline");
  }
  const answer = (await response.json().catch(() => null)) as { file?: { id: string }; error?: { code: string; text: string } } | null;
  if (!response.ok || !answer?.file) throw new Problem(answer?.error?.text ?? "Something went wrong on our side, so the file was not sent. Try again in a moment.", answer?.error?.code ?? "server");
  return answer.file.id;
}

/** A file in the log: what it is, and a button that opens it here. */
export function fileView(entry: Entry, manifest: Manifest, name: string, isMine: boolean, url: string): HTMLElement {
  const isPicture = manifest.type !== "application/pdf";
  const open = el("button", { class: "btn is-quiet is-small", type: "button" }, icon(isPicture ? "eye" : "download", "s"), isPicture ? "Show it" : "Save it");
  const status = el("p", { class: "t125 soft", role: "status" });
  const place = el("div", { class: "file-shown" });
  const tile = el("div", { class: "sealed-file" }, el("span", { class: "sr" }, `${isMine ? "You" : name}: `), icon(isPicture ? "image" : "file-text"), el("div", { class: "stack stack-4" }, nameLine(manifest.name, manifest.size), el("div", { class: "row" }, open), status), place);
  open.addEventListener("click", () => {
    open.disabled = true;
    status.textContent = "Fetching and opening…";
    shown(manifest, `${url}${manifest.blob}/`, place)
      .then((said) => (status.textContent = said))
      .catch((thrown: unknown) => {
        status.textContent = thrown instanceof Problem || thrown instanceof BadSeal ? thrown.message : BROKEN;
      })
      .finally(() => (open.disabled = false));
  });
  const time = el("time", { datetime: new Date(entry.at * 1000).toISOString() }, momentText(entry.at, "clock"));
  const caution = isMine ? [] : [el("p", { class: "t125 soft" }, "A picture or receipt proves nothing: look into your own account.")];
  return el("div", { class: isMine ? "msg is-mine" : "msg", id: `m-${entry.seq}` }, tile, ...caution, time);
}

async function shown(manifest: Manifest, url: string, place: HTMLElement): Promise<string> {
  const bytes = await fetched(manifest, url);
  if (manifest.type === "application/pdf") {
    save(bytes, manifest);
    return "Saved. Open it with care: anybody can make a document.";
  }
  place.replaceChildren(await pictureOf(bytes, manifest.type, SHOWN, manifest.name));
  const keep = el("button", { class: "btn is-plain is-small", type: "button" }, "Save it");
  keep.addEventListener("click", () => save(bytes, manifest));
  place.append(keep);
  return "";
}

async function fetched(manifest: Manifest, url: string): Promise<Bytes> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Problem("The connection failed. Nothing was lost. Try again in a moment.", "offline");
  }
  if (!response.ok) throw new Problem(response.status === 404 ? "The hub does not have this file any more." : BROKEN);
  const sealed = new Uint8Array(await response.arrayBuffer());
  if (sealed.length > 2 * MOST_FILE_BYTES) throw new Problem(BROKEN);
  return openFile(sealed, manifest);
}

/** Drawn on a canvas: what else the bytes hold is never run. PDF has a sign instead. */
async function pictureOf(bytes: Bytes, type: string, longest: number, name: string): Promise<HTMLElement> {
  if (type === "application/pdf") return el("span", { class: "file-sign" }, icon("file-text"));
  const picture = await createImageBitmap(new Blob([bytes], { type })).catch(() => {
    throw new Problem("This picture cannot be read.");
  });
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = el("canvas", { role: "img", "aria-label": `Picture ${name}` }) as HTMLCanvasElement;
  [canvas.width, canvas.height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return canvas;
}

function save(bytes: Bytes, { name, type }: Manifest): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: type === "application/pdf" ? "application/octet-stream" : type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const nameLine = (name: string, size: number): HTMLElement => el("p", { class: "file-name", dir: "auto" }, el("b", {}, name), el("small", { class: "soft" }, ` ${sizeText(size)}`));
