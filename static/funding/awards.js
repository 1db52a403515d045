// Adds the amounts of a draft up while one types: against the pool, and against each limit. It only adds; every limit
// stands in the page's data-, and the server decides.
import { fen, show } from "../portal/yuan.js";

const form = document.querySelector("form[data-awards]");
let words = null; // the stored sum in capitals, as the server wrote it

function read() {
  return [...form.querySelectorAll("[data-award]")].map((row) => {
    const field = row.querySelector("input[name^=amount_]");
    const value = fen(field.value);
    return { row, value: value || 0, readable: value !== null, groups: row.dataset.groups.split(" ") };
  });
}

function limits(rows) {
  for (const line of form.querySelectorAll("[data-limit]")) {
    const inside = rows.filter((r) => r.groups.includes(line.dataset.limit));
    const used = inside.reduce((sum, r) => sum + r.value, 0);
    const count = inside.filter((r) => r.value > 0).length;
    const { maxFen, maxAwards, minAwards } = line.dataset;
    const broken = (maxFen && used > Number(maxFen)) || (maxAwards && count > Number(maxAwards))
      || (minAwards && count < Number(minAwards));
    line.querySelector("[data-used]").textContent = show(used);
    line.querySelector("[data-count]").textContent = String(count);
    line.querySelector("[data-verdict]").textContent = broken ? "不符合" : "符合";
    line.classList.toggle("table-warning", Boolean(broken));
  }
}

function refresh() {
  const rows = read();
  const sum = rows.reduce((total, r) => total + r.value, 0);
  const left = fen(form.dataset.pool) - sum;
  form.querySelector("[data-sum]").textContent = show(sum);
  form.querySelector("[data-left]").textContent = show(left);
  const unreadable = rows.filter((r) => !r.readable).length;
  const over = form.querySelector("[data-over]");
  over.textContent = left < 0 ? `超过资金总额 ${show(-left)} 元，不能保存` : unreadable ? `有 ${unreadable} 行金额看不懂` : "";
  over.classList.toggle("text-danger", left < 0 || unreadable > 0);
  const upper = document.querySelector("[data-upper]");
  words = words === null ? upper.textContent : words;
  upper.textContent = sum === fen(upper.dataset.upper) ? words : "保存后更新";
  limits(rows);
}

if (form) {
  form.addEventListener("input", refresh);
  refresh();
}
