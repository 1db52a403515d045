// [data-pick-head] in the head of a table: one box ticks all boxes of its column on this page.

export function startPicking(head) {
  const table = head.closest("table");
  const boxes = () => [...table.querySelectorAll("tbody .pick input[type=checkbox]")];
  if (!boxes().length) return;
  const label = document.createElement("label");
  label.className = "pick-label";
  const all = document.createElement("input");
  all.type = "checkbox";
  all.className = "form-check-input";
  const words = document.createElement("span");
  words.className = "visually-hidden";
  words.textContent = "选择本页全部";
  label.append(all, words);
  head.replaceChildren(label);
  const follow = () => {
    const on = boxes().filter((box) => box.checked).length;
    all.checked = on > 0 && on === boxes().length;
    all.indeterminate = on > 0 && !all.checked;
  };
  all.addEventListener("change", () => { for (const box of boxes()) box.checked = all.checked; });
  table.addEventListener("change", (event) => { if (event.target !== all) follow(); });
  follow();
}
