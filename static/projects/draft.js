// Keeps the draft while one types: at once on this device, three seconds after the last word on the server, as the button
// 暂存 would do it. The server's revision goes along, so that a second tab is told instead of overwritten. A request whose
// answer was lost is sent again as it was: the server knows it by its content. Without this module the button saves.
import { clean } from "../portal/forms.js";
import { saveState } from "../portal/save_state.js";
import { askToSignIn, renewToken } from "../portal/session.js";
import { differences, fieldsOf, gist, keeper } from "./keep.js";
import { addRows } from "./rows.js";

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
  box.open = old ? old.open : gaps.length < 6;
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

function showMeter(place, meter) {
  if (!place) return;
  place.querySelector("[data-filled]").textContent = meter.filled;
  place.querySelector("[data-total]").textContent = meter.total;
  const bar = place.querySelector("progress");
  bar.max = meter.total;
  bar.value = meter.filled;
  place.querySelectorAll("li").forEach((item, i) => {
    const words = item.querySelector("span");
    words.textContent = meter.sections[i].words;
    words.className = meter.sections[i].is_done ? "" : "meter-open";
  });
}

// Puts what was kept back into the form, with as many rows as it needs.
function pour(fields) {
  const values = new Map();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) || []), value]);
  const needed = new Map();
  for (const name of values.keys()) {
    const row = /^([a-z]+)-(\d+)-/.exec(name);
    if (row) needed.set(row[1], Math.max(needed.get(row[1]) || 0, Number(row[2]) + 1));
  }
  for (const [prefix, count] of needed) {
    const total = form.querySelector(`[name=${prefix}-TOTAL_FORMS]`);
    const rows = prefix === "line" ? form.querySelectorAll("[data-line]") : form.querySelectorAll(`[data-rows=${prefix}] [data-row]`);
    if (total && rows.length && count > Number(total.value)) addRows(form, prefix, rows, count - Number(total.value));
  }
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.type === "hidden" || field.type === "submit" || field.name === "find") continue;
    const found = values.get(field.name) || [];
    if (field.type === "checkbox" || field.type === "radio") field.checked = found.includes(field.value);
    else if (found.length || field.tagName !== "SELECT") field.value = found[0] || "";
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

// The words beside a field, for telling what differs.
function called(name) {
  const field = form.querySelector(`[name="${name}"]`);
  const label = field && (field.type === "checkbox" ? field.closest("fieldset, .mb-3") && field.closest("fieldset, .mb-3").querySelector("legend, label") : form.querySelector(`label[for="${field.id}"]`));
  return label ? label.textContent.replace(/[*\s]+/g, " ").trim() : "";
}

function keep() {
  const line = saveState(document.querySelector("[data-save-state]"));
  const place = document.querySelector("[data-gaps]");
  const store = keeper(form.dataset.draft);
  document.querySelector("[data-scripted]").hidden = false;
  let edits = 0;
  let timer = 0;
  let running = null;
  let over = false;
  let lost = null; // what was sent and not answered: {body, edits, fields}
  let renewed = false;

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(() => { running ||= save().finally(() => { running = null; }); }, wait);
  }

  function note() {
    return store.put({ at: Date.now(), revision: Number(form.elements.revision.value), fields: fieldsOf(form), sent: lost ? lost.fields : null });
  }

  // The sign-in has ended, or has been renewed elsewhere and the page's token is old. Every word stays where it is, and on
  // this device where it may.
  async function signIn(isToken) {
    lost = null;
    const kept = note();
    const why = isToken ? await renewToken() : "signed_out";
    if (why === "offline") {
      line.retrying();
      later(AGAIN);
    } else if (why) {
      over = true;
      line.refused(kept ? "登录已过期，内容已存本机" : "登录已过期");
      if (kept) clean(form);
      askToSignIn(form, why, () => {
        over = false;
        later(0);
      });
    } else {
      renewed = true;
      later(0);
    }
  }

  async function save() {
    if (!lost) {
      const body = new FormData(form);
      body.set("auto", "1");
      lost = { body, edits, fields: fieldsOf(form) };
      note();
    }
    const mine = lost.edits;
    line.sending();
    const cut = new AbortController();
    const patience = setTimeout(() => cut.abort(), 10000);
    try {
      const answer = await fetch(window.location.pathname, { method: "POST", body: lost.body, redirect: "manual", signal: cut.signal });
      if (answer.type === "opaqueredirect" || answer.status === 401 || (answer.status === 403 && !renewed)) {
        await signIn(answer.status === 403);
        return;
      }
      renewed = false;
      if (answer.status >= 500) throw new Error("no answer");
      const found = await answer.json();
      lost = null;
      if (answer.ok) {
        form.elements.revision.value = found.revision;
        showGaps(place, found.gaps);
        showMeter(document.querySelector("[data-meter]"), found.meter);
        line.saved(found.at);
        if (edits === mine) {
          clean(form);
          store.drop();
        } else note();
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
    note();
    if (!over) later(QUIET);
  });
  window.addEventListener("online", () => { if (lost && !over) later(0); });
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
  form.addEventListener("not-sent", () => {
    over = false;
    if (edits) later(QUIET);
  });
  document.addEventListener("deadline-near", (event) => warn("warning", `距截止${event.detail}。截止后不能再修改，请抓紧核对并提交。`));
  document.addEventListener("deadline", () => {
    clearTimeout(timer);
    over = true;
    for (const part of form.elements) {
      if (part.type === "hidden") continue;
      if (part.tagName === "TEXTAREA" || ["text", "tel", "search"].includes(part.type)) part.readOnly = true;
      else part.disabled = true;
    }
    line.locked();
    clean(form);
    warn("error", "已到截止时间，不能再修改。截止前送达的内容都已保存；还没送达的文字仍在本页，可以复制下来。");
  });
  bring(store);
}

function warn(kind, words) {
  let note = document.querySelector("[data-deadline-note]");
  if (!note) {
    note = document.createElement("p");
    note.dataset.deadlineNote = "";
    note.setAttribute("role", "alert");
    form.before(note);
  }
  note.className = `note note-${kind} deadline-note`;
  note.textContent = words;
}

// What a page opened before could not send. Written on top of what the server has, it goes back into the form; where the
// server has something newer, the writer chooses.
function bring(store) {
  if (form.querySelector(".is-invalid, .alert, [data-error-summary]")) return; // the server has just answered with what was typed
  const shown = fieldsOf(form);
  const revision = Number(form.elements.revision.value);
  const old = store.found().filter((entry) => {
    if (gist(entry.fields) !== gist(shown)) return true;
    store.drop(entry.key); // it has arrived after all
    return false;
  });
  const entry = old[0];
  if (!entry) return;
  const place = document.querySelector("[data-kept]");
  const time = new Date(entry.at + 8 * 3600 * 1000).toISOString().slice(5, 16).replace("-", "月").replace("T", "日 ");
  const told = (words) => { place.querySelector("[data-kept-words]").textContent = words; place.hidden = false; };
  const arrived = entry.sent && gist(entry.sent) === gist(shown); // its answer was lost, not the request
  if (entry.revision === revision || arrived) {
    pour(entry.fields);
    store.drop(entry.key);
    told(`已恢复 ${time} 写在本机、还没有送达的内容，正在自动保存。`);
    return;
  }
  const names = [...new Set(differences(entry.fields, shown).map(called).filter(Boolean))];
  told(`本机有 ${time} 写的、没有送达的内容，而申报书后来在别处改过。两者不同的：${names.slice(0, 8).join("、")}${names.length > 8 ? "等" : ""}。请选择以哪一份为准。`);
  const choice = place.querySelector("[data-kept-choice]");
  choice.hidden = false;
  const done = (words) => { store.drop(entry.key); choice.hidden = true; told(words); };
  choice.querySelector("[data-kept-mine]").addEventListener("click", () => { pour(entry.fields); done("已换成本机的内容，正在自动保存。"); }, { once: true });
  choice.querySelector("[data-kept-theirs]").addEventListener("click", () => done("已保留服务器上的内容。"), { once: true });
}

if (form) keep();
