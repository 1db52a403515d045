// Adds the approved amounts up while one types. Whole fen as integers; what each line may have at most stands in data-fen.
import { fen, show } from "../portal/yuan.js";

const form = document.querySelector("form[data-cut]");

function refresh() {
  let sum = 0;
  let asked = 0;
  let wrong = "";
  for (const field of form.querySelectorAll("input[data-fen]")) {
    const value = fen(field.value);
    asked += Number(field.dataset.fen);
    if (value === null) wrong = "有金额看不懂";
    else if (value > Number(field.dataset.fen)) wrong = "有金额高于申请";
    sum += value || 0;
  }
  form.querySelector("[data-sum]").textContent = show(sum);
  const least = fen(form.dataset.minimum) || 0;
  let words = sum < asked ? `核减 ${show(asked - sum)} 元` : "";
  if (sum < least) words += `，低于最低可行金额 ${form.dataset.minimum} 元`;
  form.querySelector("[data-less]").textContent = wrong || words;
}

if (form) {
  form.addEventListener("input", refresh);
  refresh();
}
