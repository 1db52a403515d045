// On a phone a list comes before its filters: the first two stay, a button brings the others.
const NARROW = "(max-width: 575.98px)";

const isChosen = (control) => (control.tagName === "SELECT" ? control.selectedIndex > 0 : control.value.trim() !== "");

export function foldFilters(root) {
  if (!window.matchMedia(NARROW).matches) return;
  for (const form of root.querySelectorAll("form.filters[role=search]")) {
    const fields = [...form.querySelectorAll(":scope > .field")];
    if (fields.length < 4) continue;
    const rest = fields.slice(2);
    const button = document.createElement("button");
    const open = (yes) => {
      form.classList.toggle("filters-open", yes);
      button.setAttribute("aria-expanded", String(yes));
      button.textContent = yes ? "收起条件" : "更多条件";
    };
    button.type = "button";
    button.className = "btn btn-outline-primary";
    button.addEventListener("click", () => {
      open(button.getAttribute("aria-expanded") === "false");
      if (button.getAttribute("aria-expanded") === "true") rest[0].querySelector("select, input").focus();
    });
    form.classList.add("filters-folded");
    form.append(button);
    open(rest.some((field) => [...field.querySelectorAll("select, input")].some(isChosen)));
  }
}
