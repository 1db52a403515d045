// Shows the amount in capitals beneath while one types. The server writes the words; without it nothing is shown.
const form = document.querySelector("form[data-expense]");
const field = form && form.querySelector("[name=amount]");

if (field) {
  const line = document.createElement("p");
  line.className = "quiet";
  line.setAttribute("aria-live", "polite");
  field.after(line);
  let timer = 0;
  let asked = 0;

  const ask = () => {
    const typed = field.value.trim();
    const turn = ++asked;
    if (!typed) {
      line.textContent = "";
      return;
    }
    fetch(`${form.dataset.words}?amount=${encodeURIComponent(typed)}`, { credentials: "same-origin" })
      .then((answer) => (answer.ok ? answer.json() : { words: "" }))
      .then(({ words }) => {
        if (turn === asked) line.textContent = words;
      })
      .catch(() => {
        if (turn === asked) line.textContent = "";
      });
  };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 250);
  });
  ask();
}
