// Beneath each amount that one types, the amount in capitals as papers of money carry it; the server writes the words. A cell of
// a table has no room for them: there only what is no amount is told.
import { fen } from "./yuan.js";

const SOON = 300;
const UNREADABLE = "看不懂这个金额，例如 5000 或 5000.50，最多两位小数";
const isWrong = (field) => Boolean(field.value.trim()) && fen(field.value) === null;

function say(field, words, className = "amount-words") {
  let line = field.nextElementSibling;
  if (!line || !line.matches(".amount-words")) {
    if (!words) return;
    line = document.createElement("p");
    line.setAttribute("aria-live", "polite");
    field.after(line);
  }
  line.className = className;
  line.textContent = words;
}

const complain = (field) => say(field, UNREADABLE, "amount-words field-error");

function watch(field, href) {
  let timer = 0;
  let turn = 0;

  async function ask() {
    const mine = (turn += 1);
    let words = "";
    try {
      const answer = await fetch(`${href}?amount=${encodeURIComponent(field.value.trim().slice(0, 40))}`, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) ({ words } = await answer.json());
    } catch {
      // without a line there are no words
    }
    if (mine === turn) say(field, words);
  }

  function look() {
    clearTimeout(timer);
    turn += 1;
    if (!field.value.trim() || isWrong(field)) say(field, "");
    else timer = setTimeout(ask, SOON);
  }

  say(field, "\u00a0"); // its room is kept, so that nothing jumps
  field.addEventListener("input", look);
  if (field.value.trim() && !isWrong(field)) ask();
}

export function startWords(root) {
  const href = document.body.dataset.amountWords;
  for (const field of href ? root.querySelectorAll(".money-input") : []) if (!field.closest("table")) watch(field, href);
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches || !target.matches(".money-input")) return;
  if (isWrong(target)) complain(target);
  else if (target.closest("table")) say(target, "");
});
