// Keeps the draft while one types: three seconds after the last word it is saved, as the button 暂存 would do it. The
// server's revision goes along, so that a second tab is told instead of overwritten. Without this module the button does.
import { clean } from "../portal/forms.js";
import { saveState } from "../portal/save_state.js";

const QUIET = 3000;
const AGAIN = 5000;
const form = document.querySelector("form[data-draft]");

function showGaps(place, gaps) {
  if (!gaps.length) {
    const note = document.createElement("p");
    note.className = "note note-success";
    note.textContent = place.dataset.complete;
    place.replaceChildren(note);
    return;
  }
  const box = document.createElement("details");
  box.className = "gaps";
  const old = place.querySelector("details");
  box.open = old ? old.open : true;
  const head = document.createElement("summary");
  head.textContent = `还差 ${gaps.length} 处才能提交`;
  const list = document.createElement("ul");
  for (const gap of gaps) {
    const link = document.createElement("a");
    link.href = gap.href;
    link.textContent = gap.words;
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  box.append(head, list);
  place.replaceChildren(box);
}

function keep() {
  const line = saveState(document.querySelector("[data-save-state]"));
  const place = document.querySelector("[data-gaps]");
  document.querySelector("[data-scripted]").hidden = false;
  let edits = 0;
  let timer = 0;
  let running = null;
  let over = false;

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(() => { running ||= save().finally(() => { running = null; }); }, wait);
  }

  async function save() {
    const mine = edits;
    const facts = new FormData(form);
    facts.set("auto", "1");
    line.sending();
    const cut = new AbortController();
    const patience = setTimeout(() => cut.abort(), 10000);
    try {
      const answer = await fetch(window.location.pathname, { method: "POST", body: facts, redirect: "error", signal: cut.signal });
      const found = await answer.json();
      if (answer.ok) {
        form.elements.revision.value = found.revision;
        showGaps(place, found.gaps);
        line.saved(found.at);
        if (edits === mine) clean(form);
      } else {
        over = answer.status === 409;
        line.refused(found.message);
      }
      if (edits !== mine && !over) later(QUIET);
    } catch {
      line.retrying();
      if (!over) later(AGAIN);
    } finally {
      clearTimeout(patience);
    }
  }

  form.addEventListener("input", () => {
    edits += 1;
    if (!over) later(QUIET);
  });
  // A save that is on its way comes first: the button then sends the newer revision.
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    over = true;
    if (!running) return;
    event.preventDefault();
    const button = event.submitter;
    running.finally(() => form.requestSubmit(button));
  });
  window.addEventListener("pageshow", () => { over = false; });
}

if (form) keep();
