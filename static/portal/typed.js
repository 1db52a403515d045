// Numbers that people copy from papers (core/typed.py): read as the server reads them, counted while one types, and a slip told
// beside the field without asking the server. What was typed stays as it is.

function narrow(text) {
  return text.replace(/[！-～]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0)).replace(/　/g, " ");
}

function plain(rule, text) {
  const found = narrow(text).replace(new RegExp(rule.drop, "g"), "").replace(new RegExp(`^(?:${rule.cut})`), "");
  return rule.is_upper ? found.toUpperCase() : found;
}

function isWeighed(rule, text) {
  const sum = rule.weights.reduce((total, weight, i) => total + weight * rule.signs.indexOf(text[i]), 0);
  return sum % rule.signs.length === 0;
}

const fits = (pattern, text) => new RegExp(`^(?:${pattern})$`).test(text);

function spoken(words, text) {
  return words.replace("{count}", text.length).replace("{groups}", text.replace(/(.{4})(?=.)/g, "$1 "));
}

function watch(field) {
  const rule = JSON.parse(field.dataset.typed);
  const line = document.createElement("p");
  line.id = `${field.id}_typed`;
  line.className = "typed-words";
  line.setAttribute("aria-live", "polite");
  field.after(line);
  field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} ${line.id}`.trim());
  let isTold = false; // a refusal that was told once goes as soon as it is mended

  function verdict(text, isDone) {
    const [letters, whatLetters] = rule.letters;
    const [whole, whatWhole] = rule.whole;
    if (letters && !fits(letters, text)) return { wrong: whatLetters };
    if (!fits(whole, text)) return isDone || isTold ? { wrong: whatWhole } : { words: `已写 {count} 位，应为 ${rule.goal}` };
    if (rule.weights.length && !isWeighed(rule, text)) return { wrong: rule.says };
    return { good: rule.good };
  }

  function look(isDone) {
    const text = plain(rule, field.value);
    const { wrong = "", good = "", words = "" } = text ? verdict(text, isDone) : {};
    isTold = Boolean(wrong);
    line.classList.toggle("field-error", isTold);
    line.classList.toggle("typed-good", Boolean(good));
    if (isTold) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    line.textContent = spoken(wrong || good || words, text);
  }

  field.addEventListener("input", () => look(false));
  field.addEventListener("change", () => look(true));
}

export function watchTyped(root) {
  for (const field of root.querySelectorAll("input[data-typed]")) watch(field);
}
