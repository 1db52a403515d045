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

// What a judge's device keeps goes with the sign-out; a device that cannot is no reason to stay signed in.
const leaving = document.querySelector("form.sign-out");
if (leaving && "indexedDB" in window) {
  leaving.addEventListener("submit", (event) => {
    event.preventDefault();
    const wiped = import("../judging/outbox.js").then(({ forgetDelivered }) => forgetDelivered()).catch(() => {});
    Promise.race([wiped, new Promise((done) => { setTimeout(done, 1500); })]).then(() => leaving.submit());
  });
}

const inbox = document.querySelector("[data-inbox]");
if (inbox) import("../messaging/badge.js").then(({ watchInbox }) => watchInbox(inbox));
