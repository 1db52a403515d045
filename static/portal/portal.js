// Small conveniences for every page. Each page works without them.
import { startCountdowns } from "./countdown.js";
import { dressFiles } from "./files.js";
import { foldFilters } from "./filters.js";
import { clean, guardForms, stopDoubleSubmit, focusErrors } from "./forms.js";
import { arrive, sendForms } from "./sending.js";

// What a page needs when it opens, and when a refused form brings a new <main>.
function begin(root) {
  focusErrors(root);
  startCountdowns(root);
  guardForms(root);
  foldFilters(root);
  dressFiles(root);
  for (const head of root.querySelectorAll("[data-pick-head]")) import("./pick.js").then(({ startPicking }) => startPicking(head));
  if (root.querySelector("input[data-typed]")) import("./typed.js").then(({ watchTyped }) => watchTyped(root));
  if (root.querySelector(".money-input")) import("./words.js").then(({ startWords }) => startWords(root));
  for (const button of root.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

arrive();
begin(document);
sendForms({ begin, clean });
stopDoubleSubmit(document);

// What a judge's device keeps goes with the sign-out; a device that cannot is no reason to stay signed in.
const leaving = document.querySelector("form.sign-out");
if (leaving) leaving.addEventListener("submit", () => { import("../projects/keep.js").then(({ forgetDrafts }) => forgetDrafts()).catch(() => {}); });
if (leaving && "indexedDB" in window) {
  leaving.addEventListener("submit", (event) => {
    event.preventDefault();
    const worker = "serviceWorker" in navigator && navigator.serviceWorker.controller;
    if (worker) worker.postMessage("leaving");
    const patrol = "caches" in window ? caches.delete("chuangtou-patrol").catch(() => {}) : null;
    const wiped = Promise.all([patrol, import("../judging/outbox.js").then(({ forgetDelivered }) => forgetDelivered()).catch(() => {})]);
    Promise.race([wiped, new Promise((done) => { setTimeout(done, 1500); })]).then(() => leaving.submit());
  });
}

// One drawer of the menu at a time; a click elsewhere, the focus leaving or Escape shuts it.
const drawers = document.querySelector("[data-drawers]");
if (drawers) {
  const all = [...drawers.querySelectorAll("details")];
  const shut = (kept) => { for (const one of all) if (one !== kept) one.open = false; };
  for (const one of all) one.addEventListener("toggle", () => { if (one.open) shut(one); });
  document.addEventListener("click", (event) => { if (!drawers.contains(event.target)) shut(null); });
  drawers.addEventListener("focusout", (event) => { if (event.relatedTarget && !drawers.contains(event.relatedTarget)) shut(null); });
  drawers.addEventListener("keydown", (event) => {
    const open = all.find((one) => one.open);
    if (event.key !== "Escape" || !open) return;
    shut(null);
    open.querySelector("summary").focus();
  });
}

const inbox = document.querySelector("[data-inbox]");
if (inbox) import("../messaging/badge.js").then(({ watchInbox }) => watchInbox(inbox));
