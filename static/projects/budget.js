// Shows each line's amount, the sums and each head's share while one types. Whole fen as integers; the server computes
// what is stored, and renders every limit and the words for it.
import { against, fen, share, show } from "../portal/yuan.js";
import { addRows } from "./rows.js";

const form = document.querySelector("form[data-budget]");

function limits(sums, total) {
  for (const place of form.querySelectorAll("[data-head]")) {
    const sum = sums[place.dataset.head] || 0;
    place.querySelector("[data-head-sum]").textContent = show(sum);
    place.querySelector("[data-share]").textContent = share(sum, total);
    const words = place.querySelector("[data-verdict]");
    const over = against(sum, total, place.dataset.limit) > 0;
    const near = sum > 0 && against(sum, total, place.dataset.near) >= 0;
    const verdict = over ? "block" : near ? "warn" : "ok";
    if (words.dataset.verdict === verdict) continue;
    words.dataset.verdict = verdict;
    words.textContent = words.dataset[verdict];
    const plea = place.querySelector("[data-plea]");
    if (plea && over) plea.open = true;
  }
}

function refresh() {
  const whole = { total: 0, own: 0, other: 0, grant: 0 };
  const sums = {};
  for (const line of form.querySelectorAll("[data-line]")) {
    const value = (name) => line.querySelector(`[name$=-${name}]`).value.trim();
    const price = fen(value("unit_price"));
    const count = /^\d{1,6}$/.test(value("quantity")) ? Number(value("quantity")) : null;
    const cell = line.querySelector("[data-amount]");
    if (price === null || count === null) {
      cell.textContent = "";
      continue;
    }
    const amount = price * count;
    const own = fen(value("self_raised") || "0") || 0;
    const other = fen(value("other") || "0") || 0;
    cell.textContent = show(amount);
    whole.total += amount;
    whole.own += own;
    whole.other += other;
    whole.grant += Math.max(amount - own - other, 0);
    sums[value("head")] = (sums[value("head")] || 0) + amount;
  }
  for (const [name, sum] of Object.entries(whole)) {
    const place = form.querySelector(`[data-${name}]`); // one page shows the sum that is asked for alone
    if (place) place.textContent = show(sum);
  }
  const stored = form.querySelector("[data-stored]");
  if (stored) stored.hidden = true;
  limits(sums, whole.total);
}

if (form && form.querySelector("[data-line]")) {
  form.querySelector("[data-more]").addEventListener("click", (event) => {
    event.preventDefault();
    for (const row of addRows(form, "line", form.querySelectorAll("[data-line]"), 3)) row.querySelector("[data-amount]").textContent = "";
  });
  form.addEventListener("input", refresh);
  form.addEventListener("change", refresh);
  refresh();
}
