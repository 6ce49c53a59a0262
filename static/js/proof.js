// "Verify" in the panel of an event: the browser itself computes whether the event is the one that was sealed.
// What is computed is described in docs/trust.md; verify_log.py does the same on any computer.
"use strict";
(() => {
  if (window.proofsAreChecked) return;
  window.proofsAreChecked = true;

  const bytes = (text) => new TextEncoder().encode(text);
  const hex = (data) => [...data].map((each) => each.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => new Uint8Array((text.match(/../g) || []).map((each) => parseInt(each, 16)));
  const unbase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const joined = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
  const same = (one, other) => hex(one) === hex(other);
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const clock = (seconds) => new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";

  class Wrong extends Error {}

  // RFC 9162, section 2.1.3.2.
  async function rootOf(index, size, leaf, path) {
    let [number, last, hash] = [index, size - 1, await sha256(Uint8Array.of(0), leaf)];
    for (const other of path) {
      if (last === 0) return null;
      if (number % 2 === 1 || number === last) {
        hash = await sha256(Uint8Array.of(1), other, hash);
        while (number % 2 === 0 && number !== 0) [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
      } else {
        hash = await sha256(Uint8Array.of(1), hash, other);
      }
      [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
    }
    return last === 0 ? hash : null;
  }

  // C2SP tlog-proof: the place and the hashes, an empty line, the signed checkpoint.
  function parsed(proof) {
    const cut = proof.indexOf("\n\n");
    const [kind, place, ...path] = proof.slice(0, cut).split("\n");
    const note = proof.slice(cut + 2);
    const end = note.indexOf("\n\n");
    const body = note.slice(0, end + 1);
    const [origin, size, root] = body.split("\n");
    if (kind !== "c2sp.org/tlog-proof@v1" || !place.startsWith("index ")) throw new Error(kind);
    const signatures = note.slice(end + 2).trim().split("\n").map((line) => {
      const [, name, data] = line.split(" ");
      const raw = unbase64(data);
      return { name, id: hex(raw.slice(0, 4)), data: raw.slice(4) };
    });
    return { index: Number(place.slice(6)), path: path.map(unbase64), body, origin, size: Number(size), root: unbase64(root), signatures };
  }

  // C2SP signed-note and tlog-cosignature: who signed, and when; null where this browser can't tell.
  async function signer(found, text, kind) {
    const [name, stated] = [text.slice(0, text.indexOf("+")), text.slice(text.indexOf("+") + 1)];
    const key = unbase64(stated.slice(stated.indexOf("+") + 1)).slice(1);
    const id = hex((await sha256(bytes(name), Uint8Array.of(10, kind), key)).slice(0, 4));
    const signature = found.signatures.find((each) => each.name === name && each.id === id);
    if (!signature) return undefined;
    let [seconds, data, message] = [0, signature.data, bytes(found.body)];
    if (kind === 4) {
      seconds = Number(new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0));
      data = data.slice(8);
      message = joined(bytes(`cosignature/v1\ntime ${seconds}\n`), message);
    }
    let imported;
    try {
      imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    } catch (error) {
      if (error.name === "NotSupportedError") return null;
      throw error;
    }
    if (!(await crypto.subtle.verify({ name: "Ed25519" }, imported, data, message))) throw new Wrong(name);
    return { name, seconds };
  }

  async function opened(event, openings) {
    const [open, closed] = [[], []];
    for (const name of ["actor", "subject", "acted_for", "context", "detail"]) {
      if (!(name in event)) continue;
      if (!(name in openings)) {
        closed.push(name);
        continue;
      }
      const stated = typeof event[name] === "object" ? event[name].commitment : event[name];
      const key = await crypto.subtle.importKey("raw", unhex(openings[name].salt), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const made = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(openings[name].value)));
      if (hex(made) !== stated) throw new Wrong(name);
      open.push(name);
    }
    return { open, closed };
  }

  async function check(button, say) {
    const words = button.dataset;
    if (!window.crypto?.subtle) throw new Error(words.insecure);
    const response = await fetch(words.verifyProof, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    const bundle = await response.json();
    const event = JSON.parse(bundle.leaf);
    const found = parsed(bundle.proof);
    if (String(event.id) !== words.event) return say(filled(words.wrong, { what: words.wrongEvent }), "is-wrong");
    const root = await rootOf(found.index, found.size, bytes(bundle.leaf), found.path);
    if (!root || !same(root, found.root)) return say(filled(words.wrong, { what: words.wrongRoot }), "is-wrong");
    say(filled(words.leaf, { id: event.id, time: event.timestamp, place: found.index }));
    try {
      const key = bundle.keys.map((each) => each.key);
      let signed;
      for (const each of key) signed = (await signer(found, each, 1)) ?? signed;
      const stamps = await Promise.all(key.map((each) => signer(found, each, 4)));
      const stamp = stamps.find((each) => each);
      if (signed && stamp) say(filled(words.signed, { size: found.size, name: signed.name, time: clock(stamp.seconds) }));
      else say(words.unsigned, "is-open");
      for (const each of bundle.witnesses) {
        const witness = await signer(found, each, 4);
        if (witness) say(filled(words.witness, { name: witness.name, time: clock(witness.seconds) }));
      }
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      return say(filled(words.wrong, { what: filled(words.wrongSignature, { name: error.message }) }), "is-wrong");
    }
    try {
      const { open, closed } = await opened(event, bundle.openings);
      if (open.length) say(filled(words.opened, { names: open.join(", ") }));
      if (closed.length) say(filled(words.closed, { names: closed.join(", ") }), "is-open");
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      return say(filled(words.wrong, { what: filled(words.wrongOpening, { name: error.message }) }), "is-wrong");
    }
    return undefined;
  }

  document.addEventListener("click", async (click) => {
    const button = click.target.closest?.("[data-verify-proof]");
    if (!button) return;
    const list = button.closest(".event-proof").querySelector("[data-proof-result]");
    list.replaceChildren();
    const say = (text, kind) => {
      const line = document.createElement("li");
      line.textContent = text;
      if (kind) line.className = kind;
      list.append(line);
    };
    button.disabled = true;
    try {
      await check(button, say);
    } catch (error) {
      say(filled(button.dataset.failed, { what: error.message }), "is-wrong");
    }
    button.disabled = false;
  });
})();
