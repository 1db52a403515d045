// Beneath each amount that one types, the amount in capitals as papers of money carry it. The server writes the words;
// without it nothing is shown. A page that has its own way marks its form data-words, and fields in tables are left alone.

const SOON = 300;

export function startWords(root) {
  const href = document.body.dataset.amountWords;
  if (!href) return;
  for (const field of root.querySelectorAll(".money-input")) if (!field.closest("table, form[data-words]")) watch(field, href);
}

function watch(field, href) {
  const line = document.createElement("p");
  line.className = "amount-words";
  line.setAttribute("aria-live", "polite");
  field.after(line);
  let timer = 0;
  let turn = 0;

  async function ask() {
    const typed = field.value.trim();
    const mine = (turn += 1);
    let words = "";
    if (typed) {
      try {
        const answer = await fetch(`${href}?amount=${encodeURIComponent(typed.slice(0, 40))}`, { credentials: "same-origin", redirect: "error" });
        if (answer.ok) words = (await answer.json()).words || "看不懂这个金额，例如 5000 或 5000.50，最多两位小数";
      } catch {
        words = "";
      }
    }
    if (mine === turn) line.textContent = words;
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SOON);
  });
  ask();
}
