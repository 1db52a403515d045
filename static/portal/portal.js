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

const inbox = document.querySelector("[data-inbox]");
if (inbox) import("../messaging/badge.js").then(({ watchInbox }) => watchInbox(inbox));
