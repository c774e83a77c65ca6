/** Prints evidence files that the page's code makes, as JSON by name; another program checks them. */
import { CHAIN, CONTRACT, Hub, person, sealed } from "./sealed_room.mjs";

const { bytes, bundle, layout } = sealed;
const [alice, bob] = [await person(1), await person(2)];

async function evidence({ name = "trade-7F3K-22", shown = () => true, by = alice, bindings = [alice, bob] } = {}) {
  const hub = await Hub.open(name);
  for (const who of [alice, bob]) await hub.join(who);
  const said = [];
  for (const [who, text] of [[alice, "I sent 231.40 EUR."], [bob, "Nothing came."], [alice, "Look again, please."]]) said.push(await hub.say(who, text, [alice, bob]));
  await hub.line("locked", { amount: "250.00 USDC", who: "Zo\u00eb" });
  const opened = { type: layout.OPENING, content: layout.packOpening([{ name: bytes.random(32), key: bytes.random(32) }]) };
  said.push(await hub.say(bob, "", [alice, bob], {}, opened));
  await hub.line("restored", { after: hub.entries.length, first: hub.entries.length + 1, last: hub.entries.length + 5 }, { skip: 5 });
  const transcript = await hub.transcript();
  const last = hub.entries.at(-1);
  const source = {
    transcript, chainId: CHAIN, contract: CONTRACT, name, trade: "", hub: bytes.hex(hub.key.key), made: 1_700_001_000,
    keys: new Map(said.filter((_, at) => shown(at)).map(({ key, seq }) => [transcript.entries[seq - 1].name, key])),
    receipt: { at: last.at, head: last.head, seq: last.seq, signature: last.receipt }, bindings: bindings.map((who) => who.device.binding),
  };
  return bundle.makeBundle(source, by.device.signer);
}

const made = {
  whole: await evidence(),
  partial: await evidence({ shown: (at) => at === 2 }),
  none: await evidence({ shown: () => false }),
  unbound: await evidence({ bindings: [alice] }),
  other: await evidence({ name: "trade-AAAA-11" }),
};
process.stdout.write(JSON.stringify(made));
