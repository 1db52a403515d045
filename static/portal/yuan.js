// Amounts as people type them, in whole fen; and back as text. The server computes what is stored.

export function fen(text) {
  const narrow = text.replace(/[０-９．，]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const plain = narrow.replace(/^\s*[¥￥]|元\s*$|[,\s]/g, "");
  const found = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(plain);
  return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : null;
}

// 27.5 as [275n, 10n]: a percentage as whole numbers.
function exact(text) {
  const [whole, part = ""] = text.split(".");
  return [BigInt(whole + part), 10n ** BigInt(part.length)];
}

// The limit rule: how a sum of fen stands to so many percent of the whole. 1 above, 0 equal, -1 below.
export function against(sum, whole, percent) {
  const [top, bottom] = exact(percent);
  const left = BigInt(sum) * 100n * bottom;
  const right = BigInt(whole) * top;
  return left > right ? 1 : left < right ? -1 : 0;
}

// The percentage, half-up to two places, as the server shows it.
export function share(sum, whole) {
  const units = whole ? (2n * BigInt(sum) * 10000n + BigInt(whole)) / (2n * BigInt(whole)) : 0n;
  return `${units / 100n}.${String(units % 100n).padStart(2, "0")}`;
}

export function show(value) {
  const size = Math.abs(value);
  const whole = Math.floor(size / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0 ? "−" : ""}${whole}.${String(size % 100).padStart(2, "0")}`;
}
