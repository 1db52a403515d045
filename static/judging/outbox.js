// The outbox of a judge's device: every tap is written here before anything else is tried. It holds ids and numbers only.
//
// A sheet is {key, entry, marks, comment, base, after, pending, status, at, total, theirs, message}:
//   base     the revision of the sheet that the server last confirmed to this device
//   after    ids of this device's own requests made since, whose answers may be lost
//   pending  the newest request not yet answered: {id, counter, do, marks, comment, base, after}, or null
//   status   idle | edited | waiting | kept | delivered | conflict | late | refused
import { openDB } from "../vendor/idb/idb.js";

const NAME = "chuangtou-judge";

const stores = {
  upgrade(made) {
    made.createObjectStore("sheets", { keyPath: "key" });
    made.createObjectStore("device");
  },
};

function random() {
  const found = crypto.getRandomValues(new Uint8Array(12)); // there on plain HTTP too
  return Array.from(found, (n) => n.toString(16).padStart(2, "0")).join("");
}

export async function openOutbox(session, judge) {
  const prefix = `${session}:${judge}:`;
  const memory = new Map();
  let db = null;
  let device = random();
  let counter = 0;
  try {
    db = await openDB(NAME, 1, stores);
    const known = await db.get("device", "id");
    if (known) device = known;
    else await db.put("device", device, "id");
  } catch {
    db = null; // no storage on this device: it still works while the page is open, and says so
  }

  return {
    durable: db !== null,
    device,
    keyOf: (entry) => `${prefix}${entry}`,
    async all() {
      if (!db) return [...memory.values()];
      const found = await db.getAll("sheets");
      return found.filter((sheet) => sheet.key.startsWith(prefix));
    },
    async put(sheet) {
      const plain = JSON.parse(JSON.stringify(sheet));
      if (db) await db.put("sheets", plain);
      else memory.set(plain.key, plain);
    },
    async drop(key) {
      if (db) await db.delete("sheets", key);
      else memory.delete(key);
    },
    // The next number of this device, once, whatever tabs are open.
    async count() {
      if (!db) return (counter += 1);
      const change = db.transaction("device", "readwrite");
      const next = ((await change.store.get("counter")) || 0) + 1;
      await change.store.put(next, "counter");
      await change.done;
      return next;
    },
    async forget() {
      if (!db) return memory.clear();
      const change = db.transaction("sheets", "readwrite");
      for (const key of await change.store.getAllKeys()) if (String(key).startsWith(prefix)) await change.store.delete(key);
      await change.done;
      return undefined;
    },
  };
}

// At sign-out: nothing of a judge stays on the device but what the server has not heard yet, and that is ids and numbers.
export async function forgetDelivered() {
  if ("caches" in window) await caches.delete(NAME);
  const db = await openDB(NAME, 1, stores);
  const change = db.transaction("sheets", "readwrite");
  for (const sheet of await change.store.getAll()) if (!sheet.pending) await change.store.delete(sheet.key);
  await change.done;
  db.close();
}

// A new request on top of whatever this device has said so far about the sheet.
export async function queue(outbox, sheet, what, marks) {
  const counter = await outbox.count();
  const after = sheet.pending ? [...sheet.after, sheet.pending.id] : [...sheet.after];
  sheet.pending = { id: `${outbox.device}-${counter}`, counter, do: what, marks: { ...marks }, comment: (sheet.comment || "").trim(), base: sheet.base, after };
  sheet.after = after;
  sheet.status = "waiting";
  sheet.message = "";
  await outbox.put(sheet);
}

// One request to the server. Answers {kind: saved|refused|retry|signed_out, ...}; anything that is not our JSON is no answer.
export async function post(url, token, outbox, sheet) {
  const cut = new AbortController();
  const patience = setTimeout(() => cut.abort(), 10000);
  const { id, counter, marks, comment, base, after } = sheet.pending;
  try {
    const answer = await fetch(url, {
      method: "POST",
      redirect: "manual",
      credentials: "same-origin",
      signal: cut.signal,
      headers: { "Content-Type": "application/json", "X-CSRFToken": token, Accept: "application/json" },
      body: JSON.stringify({ entry: sheet.entry, do: sheet.pending.do, marks, comment: comment || "", id, base, after, device: outbox.device, counter }),
    });
    if (answer.type === "opaqueredirect" || answer.status === 401) return { kind: "signed_out" };
    const said = await answer.json();
    if (answer.ok && said.code === "saved" && said.id === id) return { kind: "saved", sheet: said.sheet };
    if (!answer.ok && typeof said.code === "string") return { kind: "refused", ...said };
    return { kind: "retry" };
  } catch {
    return { kind: "retry" };
  } finally {
    clearTimeout(patience);
  }
}
