// Amounts as people type them, in whole fen; and back as text. The server computes what is stored.

export function fen(text) {
  const narrow = text.replace(/[０-９．，]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const plain = narrow.replace(/[,\s¥元]/g, "");
  const found = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(plain);
  return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : null;
}

export function show(value) {
  const size = Math.abs(value);
  const whole = Math.floor(size / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0 ? "−" : ""}${whole}.${String(size % 100).padStart(2, "0")}`;
}
