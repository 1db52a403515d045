// Steppers and running total of a judge's sheet. Ranges come from the server in data attributes; whole hundredths only.
const form = document.querySelector("form[data-sheet]");

function hundredths(text) {
  const plain = text.trim().replace(/[０-９．]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  const found = /^(\d{1,4})(?:\.(\d{0,2}))?$/.exec(plain);
  return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : null;
}

function show(value) {
  const rest = value % 100;
  const whole = Math.floor(value / 100);
  if (rest === 0) return String(whole);
  return rest % 10 === 0 ? `${whole}.${rest / 10}` : `${whole}.${String(rest).padStart(2, "0")}`;
}

// Whole hundredths within the range and on the step, null for an empty field, NaN for anything else.
function markOf(mark) {
  const text = mark.querySelector("input").value;
  if (text.trim() === "") return null;
  const value = hundredths(text);
  const low = hundredths(mark.dataset.min);
  if (value === null || value < low || value > hundredths(mark.dataset.max)) return NaN;
  return (value - low) % hundredths(mark.dataset.step) === 0 ? value : NaN;
}

function refresh() {
  let total = 0;
  let left = 0;
  for (const mark of form.querySelectorAll("[data-mark]")) {
    const value = markOf(mark);
    const wrong = Number.isNaN(value);
    const told = mark.querySelector("[data-told]");
    if (told && !wrong && value !== null) told.remove();
    mark.querySelector("[data-wrong]").hidden = !wrong || told !== null;
    mark.querySelector("input").setAttribute("aria-invalid", String(wrong));
    if (value === null || wrong) left += 1;
    else total += value;
  }
  const lines = form.querySelectorAll("[data-mark]").length;
  form.querySelector("[data-total]").textContent = left === lines ? "—" : fixed(total);
  form.querySelector("[data-left]").hidden = left === 0;
  form.querySelector("[data-count]").textContent = String(left);
}

// Two digits from whole hundredths, without a fraction in between.
function fixed(value) {
  return `${Math.floor(value / 100)}.${String(value % 100).padStart(2, "0")}`;
}

function step(mark, direction) {
  const input = mark.querySelector("input");
  const size = hundredths(mark.dataset.step);
  const low = hundredths(mark.dataset.min);
  const high = hundredths(mark.dataset.max);
  const now = hundredths(input.value);
  // The first tap starts near the top, where marks are usually given.
  const start = now === null ? low + Math.floor(((high - low) * 4) / 5 / size) * size : now + direction * size;
  input.value = show(Math.min(Math.max(start, low), high));
  refresh();
}

if (form && form.querySelector("[data-total]")) {
  for (const mark of form.querySelectorAll("[data-mark]")) {
    const less = mark.querySelector("[data-less]");
    const more = mark.querySelector("[data-more]");
    less.hidden = false;
    more.hidden = false;
    less.addEventListener("click", () => step(mark, -1));
    more.addEventListener("click", () => step(mark, 1));
  }
  form.addEventListener("input", refresh);
  refresh();
}
