// Steppers and running total of a judge's sheet on its own page. Ranges come from the server in data attributes.
import { fixed, read, stepped } from "./marks.js";

const form = document.querySelector("form[data-sheet]");

function refresh() {
  let total = 0;
  let left = 0;
  for (const mark of form.querySelectorAll("[data-mark]")) {
    const value = read(mark.querySelector("input").value, mark.dataset);
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

function step(mark, direction) {
  const input = mark.querySelector("input");
  input.value = stepped(input.value, mark.dataset, direction);
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
