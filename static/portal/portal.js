// Small conveniences for every page. Each page works without them.
import { startCountdowns } from "./countdown.js";
import { guardForms, stopDoubleSubmit, focusErrors } from "./forms.js";

focusErrors(document);
startCountdowns(document);
guardForms(document);
stopDoubleSubmit(document);

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
