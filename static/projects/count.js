// How many characters a text has, beside the text; blanks and line ends do not count, as on the server. Without this
// module the meter says it after each save.
for (const field of document.querySelectorAll("textarea[data-most]")) {
  const most = Number(field.dataset.most);
  const line = document.createElement("p");
  line.className = "count";
  line.id = `${field.id}_count`;
  field.after(line);
  field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} ${line.id}`.trim());
  const show = () => {
    const count = [...field.value.replace(/\s/g, "")].length;
    line.textContent = count > most ? `已写 ${count} 字，超出 ${count - most} 字` : `已写 ${count}/${most} 字`;
    line.classList.toggle("count-over", count > most);
  };
  field.addEventListener("input", show);
  show();
}
