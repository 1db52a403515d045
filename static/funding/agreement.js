// Shows running sums of a draft agreement while one types, in whole fen. Only sums; the server judges what is sent.
import { fen, show } from "../portal/yuan.js";

const form = document.querySelector("form[data-agreement]");

const FIELDS = { terms: "[name^=terms-][name$=-amount]", shares: "[name^=shares-][name$=-amount]", pulls: "[name^=pulls-]" };

function refresh() {
  const amount = fen(form.querySelector("[name=amount]").value) || 0;
  for (const line of form.querySelectorAll("[data-sum]")) {
    let sum = 0;
    for (const field of form.querySelectorAll(FIELDS[line.dataset.sum])) sum += fen(field.value) || 0;
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
