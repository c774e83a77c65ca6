/** The tab's connection: it comes back by itself, asks again what it missed, and never hammers. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { load } from "./load.mjs";

const { Connection, backoff, POLL_MILLISECONDS } = await load("chat/connection.ts", "const document = { querySelector: () => null };");

let wires;
let connection;

class Wire {
  sent = [];
  onopen = null;
  onmessage = null;
  onclose = null;
  isClosed = false;

  constructor() {
    wires.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  hear(frame) {
    this.onmessage({ data: JSON.stringify({ v: 1, ...frame }) });
  }

  answerAll() {
    for (const { id } of this.sent.splice(0)) this.hear({ kind: "reply", id, data: {} });
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  wires = [];
  connection = new Connection(() => new Wire());
});

afterEach(() => mock.timers.reset());

async function opened(topic = "room:x") {
  const heard = [];
  const stop = connection.follow(topic, (seq) => heard.push(seq));
  wires.at(-1).onopen();
  wires.at(-1).answerAll();
  await settled();
  return { heard, stop, wire: wires.at(-1) };
}

test("a connection that is nobody's says so on a page that was drawn for somebody, and stays silent for a visitor", async () => {
  for (const [isPersonal, state] of [[true, "signed-out"], [false, "open"]]) {
    connection = new Connection(() => new Wire(), isPersonal);
    const { wire } = await opened();
    wire.hear({ kind: "welcome", data: { user: null } });
    assert.equal(connection.state, state);
    assert.equal(wire.isClosed, isPersonal);
  }
});

test("a connection that is the person's own stays open", async () => {
  connection = new Connection(() => new Wire(), true);
  const { wire } = await opened();
  wire.hear({ kind: "welcome", data: { user: 7 } });
  assert.equal(connection.state, "open");
});

test("a page that follows nothing opens nothing", () => {
  assert.equal(wires.length, 0);
  assert.equal(connection.state, "idle");
});

test("one connection serves all topics, and each follower looks once its subscription stands", async () => {
  const { heard } = await opened();
  const other = [];
  connection.follow("trade:1", (seq) => other.push(seq));
  assert.deepEqual(wires[0].sent.map(({ op, topic }) => [op, topic]), [["subscribe", "trade:1"]]);
  wires[0].answerAll();
  await settled();
  assert.deepEqual([heard, other], [[null], [null]]);
  assert.equal(wires.length, 1);
});

test("a hint reaches the followers of its topic only", async () => {
  const { heard, wire } = await opened();
  wire.hear({ kind: "hint", topic: "room:x", seq: 7 });
  wire.hear({ kind: "hint", topic: "room:y", seq: 8 });
  assert.deepEqual(heard, [null, 7]);
});

test("after a cut it comes back, subscribes again and looks again", async () => {
  const { heard, wire } = await opened();
  wire.onclose({ code: 1006 });
  assert.equal(connection.state, "away");
  mock.timers.tick(1_000);
  assert.equal(wires.length, 2);
  wires[1].onopen();
  assert.deepEqual(wires[1].sent.map(({ op }) => op), ["subscribe"]);
  wires[1].answerAll();
  await settled();
  assert.deepEqual(heard, [null, null]);
});

test("waits lie between half a second and thirty, spread over the whole step (K16)", () => {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    assert.equal(backoff(attempt, () => 0), 500);
    assert.equal(backoff(attempt, () => 1), Math.min(30_000, 500 * 2 ** (attempt + 1)));
  }
  const waits = Array.from({ length: 1_000 }, () => backoff(10));
  assert.ok(Math.min(...waits) < 4_000 && Math.max(...waits) > 26_000);
});

test("a server that hangs up at once is asked ever more rarely", () => {
  connection.follow("room:x", () => undefined);
  for (let second = 0; second < 600; second += 1) {
    if (!wires.at(-1).isClosed && connection.state === "connecting") {
      wires.at(-1).onopen();
      wires.at(-1).onclose({ code: 1013 });
    }
    mock.timers.tick(1_000);
  }
  assert.ok(wires.length < 90, `${wires.length} attempts in ten minutes`);
});

test("polling goes on while the connection is away", async () => {
  const { heard, wire } = await opened();
  wire.onclose({ code: 4413 });
  mock.timers.tick(2 * POLL_MILLISECONDS);
  assert.deepEqual(heard, [null, null, null]);
  assert.equal(wires.length, 1);
});

test("somebody signed out is neither reconnected nor polled", async () => {
  const { heard, wire } = await opened();
  wire.onclose({ code: 4401 });
  mock.timers.tick(10 * POLL_MILLISECONDS);
  assert.equal(connection.state, "signed-out");
  assert.deepEqual([heard.length, wires.length], [1, 1]);
});

test("a question gets its own answer, refusals carry the sentence", async () => {
  const { wire } = await opened();
  const first = connection.ask("room:x", "post", { n: 1 });
  const second = connection.ask("room:x", "post", { n: 2 });
  const [one, two] = wire.sent;
  wire.hear({ kind: "reply", id: two.id, data: { n: 2 } });
  wire.hear({ kind: "error", id: one.id, error: { code: "too_fast", text: "Slow." } });
  assert.deepEqual(await second, { n: 2 });
  await assert.rejects(first, { code: "too_fast", message: "Slow." });
});

test("no answer and a cut are both 'offline', so the sender tries again", async () => {
  const { wire } = await opened();
  const silent = connection.ask("room:x", "post");
  mock.timers.tick(10_000);
  await assert.rejects(silent, { code: "offline" });
  const cut = connection.ask("room:x", "post");
  wire.onclose({ code: 1006 });
  await assert.rejects(cut, { code: "offline" });
  await assert.rejects(connection.ask("room:x", "post"), { code: "offline" });
});

test("a dead connection is found by its unanswered ping (K14)", async () => {
  const { wire } = await opened();
  mock.timers.tick(25_000);
  assert.equal(wire.sent.at(-1).op, "ping");
  mock.timers.tick(10_000);
  await settled();
  assert.equal(wire.isClosed, true);
  assert.equal(connection.state, "away");
});

test("who stops following is unsubscribed, and a page without followers does not poll", async () => {
  const { heard, stop, wire } = await opened();
  stop();
  assert.deepEqual(wire.sent.map(({ op }) => op), ["unsubscribe"]);
  wire.hear({ kind: "hint", topic: "room:x" });
  mock.timers.tick(POLL_MILLISECONDS);
  assert.deepEqual(heard, [null]);
});
