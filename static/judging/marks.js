// Marks as whole hundredths, so that no fraction is ever rounded on the way. Ranges come from the server.

export function hundredths(text) {
  const plain = String(text).trim().replace(/[０-９．]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const found = /^(\d{1,4})(?:\.(\d{0,2}))?$/.exec(plain);
  return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : null;
}

export function show(value) {
  const rest = value % 100;
  const whole = Math.floor(value / 100);
  if (rest === 0) return String(whole);
  return rest % 10 === 0 ? `${whole}.${rest / 10}` : `${whole}.${String(rest).padStart(2, "0")}`;
}

// Two digits from whole hundredths.
export function fixed(value) {
  return `${Math.floor(value / 100)}.${String(value % 100).padStart(2, "0")}`;
}

// Whole hundredths within the range and on the step, null for an empty text, NaN for anything else.
export function read(text, criterion) {
  if (String(text ?? "").trim() === "") return null;
  const value = hundredths(text);
  const low = hundredths(criterion.min);
  if (value === null || value < low || value > hundredths(criterion.max)) return NaN;
  return (value - low) % hundredths(criterion.step) === 0 ? value : NaN;
}

// One step up or down; the first tap starts near the top, where marks are usually given.
export function stepped(text, criterion, direction) {
  const size = hundredths(criterion.step);
  const low = hundredths(criterion.min);
  const high = hundredths(criterion.max);
  const now = hundredths(text);
  const start = now === null ? low + Math.floor(((high - low) * 4) / 5 / size) * size : now + direction * size;
  return show(Math.min(Math.max(start, low), high));
}
