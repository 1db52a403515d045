// The last resort of a judge's device: what it could not send, as a file and as QR codes. Format: docs/device-file.md.
import qrcode from "../vendor/qrcode-generator/qrcode.js";

const PART = 300;

export function crc32(text) {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, "0");
}

// Keys sorted, no spaces: the same bytes wherever it is written.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

export function deviceFile(facts, device, sheets) {
  const found = [];
  for (const sheet of sheets) {
    if (!sheet.pending) continue;
    const { id, counter, marks, comment, base, after } = sheet.pending;
    found.push({ entry: sheet.entry, do: sheet.pending.do, marks, comment: comment || "", id, base, after, counter });
  }
  const document = { format: "chuangtou/device@1", session: facts.session, judge: facts.judge, seat: facts.seat, device, made_at: new Date().toISOString(), sheets: found };
  return { ...document, check: crc32(canonical(document)) };
}

// A QR reader types what it sees: only ASCII gets through every one of them.
export function parts(document) {
  const text = JSON.stringify(document).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const of = Math.ceil(text.length / PART);
  return Array.from({ length: of }, (_, i) => `CT1:${i + 1}/${of}:${text.slice(i * PART, (i + 1) * PART)}`);
}

export function draw(text) {
  const code = qrcode(0, "M");
  code.addData(text, "Byte");
  code.make();
  const count = code.getModuleCount();
  const canvas = document.createElement("canvas");
  const scale = 4;
  canvas.width = (count + 8) * scale;
  canvas.height = canvas.width;
  const paper = canvas.getContext("2d");
  paper.fillStyle = "#fff";
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.fillStyle = "#000";
  for (let row = 0; row < count; row += 1) for (let column = 0; column < count; column += 1) if (code.isDark(row, column)) paper.fillRect((column + 4) * scale, (row + 4) * scale, scale, scale);
  canvas.dataset.text = text;
  canvas.setAttribute("role", "img");
  return canvas;
}
