// Shows each line's amount and the grant while one types. Whole fen as integers; the server computes what is stored.
const form = document.querySelector("form[data-budget]");

function fen(text) {
  const plain = text.replace(/[，,\s¥元]/g, "").replace(/．/g, ".");
  const found = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(plain);
  return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : null;
}

function show(value) {
  const whole = Math.floor(value / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}.${String(value % 100).padStart(2, "0")}`;
}

function refresh() {
  let grant = 0;
  for (const line of form.querySelectorAll("[data-line]")) {
    const price = fen(line.querySelector("[name$=-unit_price]").value);
    const count = /^\d{1,6}$/.test(line.querySelector("[name$=-quantity]").value.trim())
      ? Number(line.querySelector("[name$=-quantity]").value) : null;
    const own = fen(line.querySelector("[name$=-self_raised]").value || "0");
    const cell = line.querySelector("[data-amount]");
    if (price === null || count === null) {
      cell.textContent = "";
      continue;
    }
    cell.textContent = show(price * count);
    grant += Math.max(price * count - (own || 0), 0);
  }
  const total = form.querySelector("[data-grant]");
  if (total) {
    total.textContent = show(grant);
    total.closest("tr").querySelector("th").textContent = "申请资金合计";
  }
}

if (form && form.querySelector("[data-line]")) {
  form.addEventListener("input", refresh);
  refresh();
}
