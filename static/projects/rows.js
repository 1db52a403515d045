// More rows in a table of a form without leaving the page; without this module the button asks the server for them.
export function addRows(form, prefix, rows, count) {
  const total = form.querySelector(`[name=${prefix}-TOTAL_FORMS]`);
  const limit = Number(form.querySelector(`[name=${prefix}-MAX_NUM_FORMS]`).value);
  const last = rows[rows.length - 1];
  const made = [];
  let first = null;
  for (let i = Number(total.value); count > 0 && i < limit; i += 1, count -= 1) {
    const row = last.cloneNode(true);
    for (const old of row.querySelectorAll(".invalid-feedback, .amount-words")) old.remove();
    for (const field of row.querySelectorAll("input, select")) {
      const label = row.querySelector(`label[for="${field.id}"]`);
      field.name = field.name.replace(new RegExp(`^${prefix}-\\d+-`), `${prefix}-${i}-`);
      field.id = field.id.replace(new RegExp(`${prefix}-\\d+-`), `${prefix}-${i}-`);
      field.classList.remove("is-invalid");
      for (const word of ["aria-invalid", "aria-describedby"]) field.removeAttribute(word);
      if (field.tagName === "SELECT") field.selectedIndex = 0;
      else field.value = "";
      label.htmlFor = field.id;
      label.textContent = label.textContent.replace(/第 \d+ 行/, `第 ${i + 1} 行`);
      first ||= field;
    }
    last.parentNode.append(row);
    made.push(row);
    total.value = String(i + 1);
  }
  if (first) first.focus();
  return made;
}

for (const section of document.querySelectorAll("[data-rows]")) {
  const button = section.querySelector("[data-more-rows]");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    addRows(button.form, section.dataset.rows, section.querySelectorAll("[data-row]"), 3);
  });
}
