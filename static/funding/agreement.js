// Shows running sums of a draft agreement while one types, in whole fen. Only sums; the server judges what is sent.
const form = document.querySelector("form[data-agreement]");

function fen(text) {
  const plain = text.replace(/[，,\s¥元]/g, "").replace(/．/g, ".");
  const found = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(plain);
  return found ? Number(found[1]) * 100 + Number((found[2] || "").padEnd(2, "0")) : 0;
}

function show(value) {
  const whole = Math.floor(value / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}.${String(value % 100).padStart(2, "0")}`;
}

const FIELDS = { terms: "[name^=terms-][name$=-amount]", shares: "[name^=shares-][name$=-amount]", pulls: "[name^=pulls-]" };

function refresh() {
  const amount = fen(form.querySelector("[name=amount]").value);
  for (const line of form.querySelectorAll("[data-sum]")) {
    let sum = 0;
    for (const field of form.querySelectorAll(FIELDS[line.dataset.sum])) sum += fen(field.value);
    const gap = amount - sum;
    const words = gap === 0 ? "与协议金额相等" : `比协议金额${gap > 0 ? "少" : "多"} ${show(Math.abs(gap))} 元`;
    line.textContent = `合计 ${show(sum)} 元，${words}`;
    line.classList.toggle("sum-even", gap === 0);
    line.hidden = line.dataset.sum === "shares" && sum === 0;
  }
}

if (form) {
  form.addEventListener("input", refresh);
  refresh();
}
