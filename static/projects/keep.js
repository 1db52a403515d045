// What was typed and has not reached the server, on this device: it survives a closed lid, a closed tab, an expired
// sign-in. One entry per page that was opened: {at, revision, fields, sent}. `sent` is what was sent without an answer.
const PREFIX = "chuangtou-draft:";
const OLDEST = 14 * 24 * 3600 * 1000;
const SKIP = /^(csrfmiddlewaretoken|find|revision|auto)$|-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS$/;

export function fieldsOf(form) {
  return [...new FormData(form).entries()].filter(([name, value]) => typeof value === "string" && !SKIP.test(name));
}

// A value as the server writes it back: `5,000 元` is 5000.00, 2027年1月1日 is 2027-01-01.
function plainly(value) {
  const narrow = value.replace(/[０-９．，]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const day = /^(\d{4})[年./-](\d{1,2})[月./-](\d{1,2})日?$/.exec(narrow.replace(/\s/g, ""));
  if (day) return `${day[1]}-${day[2].padStart(2, "0")}-${day[3].padStart(2, "0")}`;
  const amount = narrow.replace(/[¥元,\s]/g, "");
  return /^\d{1,12}(\.\d+)?$/.test(amount) ? String(Number(amount)) : value;
}

// Two ways to write the same: blanks around, `5000` and `5000.00`, rows that hold nothing but their kind.
export function gist(fields) {
  const rows = new Map();
  for (const [name, value] of fields) {
    const plain = value.replace(/\r\n/g, "\n").trim();
    if (!plain) continue;
    const row = /^([a-z]+-\d+)-/.exec(name);
    const group = row ? row[1] : "";
    if (!rows.has(group)) rows.set(group, []);
    rows.get(group).push([name, plainly(plain)]);
  }
  const kept = [...rows.entries()].filter(([group, found]) => !group || found.some(([name]) => !/-(head|kind)$/.test(name)));
  const counts = {};
  const lines = kept.map(([group, found]) => {
    const prefix = group.split("-")[0];
    const number = group && (counts[prefix] = (counts[prefix] ?? -1) + 1); // the server closes gaps between rows
    return found.map(([name, value]) => `${group ? name.replace(/-\d+-/, `-${number}-`) : name}=${value}`);
  });
  return JSON.stringify(lines.flat().sort());
}

// Names of the fields in which two differ.
export function differences(one, other) {
  const plain = (fields) => {
    const found = new Map();
    for (const line of JSON.parse(gist(fields))) {
      const [, name, value] = /^([^=]*)=([^]*)$/.exec(line);
      found.set(name, [...(found.get(name) || []), value]);
    }
    return found;
  };
  const [a, b] = [plain(one), plain(other)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => JSON.stringify(a.get(name)) !== JSON.stringify(b.get(name)));
}

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");
}

export function keeper(owner) {
  const prefix = `${PREFIX}${owner}:`;
  const mine = prefix + random();
  const store = (() => {
    try {
      localStorage.setItem(mine, "");
      localStorage.removeItem(mine);
      return localStorage;
    } catch {
      return null; // no storage on this device: the page still saves to the server, and says so
    }
  })();
  return {
    durable: store !== null,
    put(entry) {
      try {
        if (store) store.setItem(mine, JSON.stringify(entry));
        return store !== null;
      } catch {
        return false; // full
      }
    },
    drop(key = mine) {
      if (store) store.removeItem(key);
    },
    // Entries of pages opened before, the newest first.
    found() {
      if (!store) return [];
      const all = [];
      for (const key of Object.keys(store)) {
        if (!key.startsWith(prefix) || key === mine) continue;
        try {
          const entry = JSON.parse(store.getItem(key));
          if (Date.now() - entry.at > OLDEST) store.removeItem(key);
          else all.push({ key, ...entry });
        } catch {
          store.removeItem(key);
        }
      }
      return all.sort((a, b) => b.at - a.at);
    },
  };
}

// At sign-out nothing of a draft stays on the device.
export function forgetDrafts() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  } catch {
    // no storage, nothing to forget
  }
}
