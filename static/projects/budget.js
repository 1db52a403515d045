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

// Three more lines without leaving the page; without this module the button asks the server for them.
function addLines(count) {
  const total = form.querySelector("[name=line-TOTAL_FORMS]");
  const limit = Number(form.querySelector("[name=line-MAX_NUM_FORMS]").value);
  const rows = form.querySelectorAll("[data-line]");
  const last = rows[rows.length - 1];
  let first = null;
  for (let i = Number(total.value); count > 0 && i < limit; i += 1, count -= 1) {
    const row = last.cloneNode(true);
    for (const old of row.querySelectorAll(".invalid-feedback")) old.remove();
    for (const field of row.querySelectorAll("input, select")) {
      const label = row.querySelector(`label[for="${field.id}"]`);
      field.name = field.name.replace(/^line-\d+-/, `line-${i}-`);
      field.id = field.id.replace(/line-\d+-/, `line-${i}-`);
      field.classList.remove("is-invalid");
      for (const word of ["aria-invalid", "aria-describedby"]) field.removeAttribute(word);
      if (field.tagName === "SELECT") field.selectedIndex = 0;
      else field.value = "";
      label.htmlFor = field.id;
      label.textContent = label.textContent.replace(/第 \d+ 行/, `第 ${i + 1} 行`);
      first ||= field;
    }
    row.querySelector("[data-amount]").textContent = "";
    last.parentNode.append(row);
    total.value = String(i + 1);
  }
  if (first) first.focus();
}

if (form && form.querySelector("[data-line]")) {
  form.querySelector("[data-more]").addEventListener("click", (event) => {
    event.preventDefault();
    addLines(3);
  });
  form.addEventListener("input", refresh);
  refresh();
}
