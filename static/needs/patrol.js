// The outbox of a patrol: what is written down is kept on this device first and sent when the server can be reached.
// Without this file the form is sent as usual. What was sent loses its words here and keeps its number.
//
// An entry is {key, person, status, at, label, fields, number, href, message}; status: waiting | refused | sent.
import { openDB } from "../vendor/idb/idb.js";

const NAME = "chuangtou-patrol";
const PATIENCE = 15000;
const QUIET = 20000;
const MOST = 120000;
const MOST_SHOWN = 80; // characters
const form = document.querySelector("form[data-patrol]");
const box = document.querySelector("[data-outbox]");
const rows = box.querySelector("[data-rows]");
const line = box.querySelector("[data-line]");
const clear = box.querySelector("[data-clear]");
const wrong = form.querySelector("[data-wrong]");
const field = (name) => form.elements.namedItem(name);
const person = form.dataset.person;
const memory = new Map();

let token = field("csrfmiddlewaretoken").value;
let db = null;
let running = false;
let again = false;
let timer = 0;
let wait = 5000;
let trouble = ""; // why nothing goes out: "" | offline | signed_out | other_person

// A random UUID; drawn by hand, because browsers give one only on https.
function draw() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = Array.from(b, (n) => n.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

async function all() {
  const found = db ? await db.getAll("entries") : [...memory.values()];
  return found.filter((entry) => entry.person === person).sort((a, b) => (a.at < b.at ? 1 : -1));
}

async function put(entry) {
  if (db) await db.put("entries", entry);
  else memory.set(entry.key, entry);
}

async function drop(key) {
  if (db) await db.delete("entries", key);
  else memory.delete(key);
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(words, act) {
  const made = element("button", "btn btn-outline-primary btn-sm", words);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

const STATES = { waiting: ["returned", "待上传"], refused: ["refused", "没有收下"], sent: ["done", "已上传"] };
const timeOf = (iso) => new Date(iso).toLocaleString("zh-CN", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });

function drawRow(entry) {
  const row = element("li");
  const [kind, words] = STATES[entry.status];
  row.append(element("span", `status status-${kind}`, words), ` ${timeOf(entry.at)} ${entry.label} `);
  if (entry.status === "sent") {
    const link = element("a", "", entry.number);
    link.href = entry.href;
    row.append(link);
    return row;
  }
  row.append(element("p", "", entry.fields.words.length > MOST_SHOWN ? `${entry.fields.words.slice(0, MOST_SHOWN)}…` : entry.fields.words));
  if (entry.message) row.append(element("p", "text-danger", entry.message));
  row.append(button("修改", () => edit(entry)), button("删除", () => remove(entry)));
  return row;
}

function sentence(list) {
  const left = list.filter((entry) => entry.status === "waiting").length;
  if (!db) return "这台手机不让本页存东西：没有上传以前请不要关闭本页。";
  const refused = list.filter((entry) => entry.status === "refused").length;
  if (!left && refused) return `${refused} 件没有收下，请点“修改”，改好再记。`;
  if (!left) return list.length ? "都已上传。" : "";
  if (trouble === "signed_out") return `登录已过期，${left} 件还在这台手机里。重新登录后自动上传。`;
  if (trouble === "other_person") return `现在登录的是另一个账号，${left} 件还在这台手机里。请换回原来的账号。`;
  return trouble ? `没有信号，${left} 件已存在这台手机里，有信号自动上传。` : `正在上传 ${left} 件…`;
}

async function render() {
  const list = await all();
  box.hidden = list.length === 0 && db !== null;
  rows.replaceChildren(...list.map(drawRow));
  line.textContent = sentence(list);
  if (trouble === "signed_out" || trouble === "other_person") {
    const link = element("a", "", "去登录");
    link.href = `${form.dataset.signIn}?next=${encodeURIComponent(window.location.pathname)}`;
    line.append(" ", link);
  }
  clear.hidden = !list.some((entry) => entry.status === "sent");
}

async function edit(entry) {
  if (field("words").value.trim() && !window.confirm("表单里还有没记下的内容，要换成这一条吗？")) return;
  for (const [name, value] of Object.entries(entry.fields)) if (field(name)) field(name).value = value;
  await drop(entry.key);
  await render();
  field("words").focus();
}

async function remove(entry) {
  if (!window.confirm("删除后找不回来，确定删除这一条吗？")) return;
  await drop(entry.key);
  await render();
}

function say(words, name) {
  wrong.textContent = words;
  wrong.hidden = !words;
  if (name) field(name).focus();
}

async function keep(event) {
  event.preventDefault();
  const words = field("words").value.trim();
  for (const name of ["community", "category"]) if (!field(name).value) return say(name === "community" ? "请选择社区。" : "请选择类别。", name);
  if (!words) return say("请填写看到或听到什么。", "words");
  say("");
  const at = new Date().toISOString();
  const fields = {};
  for (const name of ["community", "grid", "category", "urgency", "words"]) fields[name] = field(name).value;
  const label = field("category").selectedOptions[0].textContent.trim();
  await put({ key: draw(), person, status: "waiting", at, label, fields, number: "", href: "", message: "" });
  field("words").value = "";
  field("words").focus();
  await render();
  return flush();
}

async function ask(entry) {
  const body = new FormData();
  for (const [name, value] of Object.entries(entry.fields)) body.append(name, value);
  body.append("once_key", entry.key);
  body.append("noted_at", entry.at);
  body.append("person", person);
  const cut = new AbortController();
  const patience = setTimeout(() => cut.abort(), PATIENCE);
  try {
    return await fetch(form.action || window.location.pathname, {
      method: "POST", redirect: "manual", credentials: "same-origin", signal: cut.signal, body,
      headers: { "X-CSRFToken": token, Accept: "application/json" },
    });
  } finally {
    clearTimeout(patience);
  }
}

// After a new sign-in the page's token is no longer good: take the one of a fresh page, if it is the same person's.
async function renew() {
  const answer = await fetch(window.location.pathname, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
  if (answer.type === "opaqueredirect") return "signed_out";
  if (answer.status !== 200) return "offline";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("form[data-patrol]");
  if (!fresh) return "signed_out";
  if (fresh.dataset.person !== person) return "other_person";
  token = fresh.elements.namedItem("csrfmiddlewaretoken").value;
  return "";
}

// One entry to the server; whether to go on with the next.
async function send(entry) {
  try {
    let answer = await ask(entry);
    if (answer.status === 403) {
      trouble = await renew();
      if (trouble) return false;
      answer = await ask(entry);
    }
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      trouble = "signed_out";
      return false;
    }
    const said = await answer.json();
    if (said.code === "saved") {
      await put({ ...entry, status: "sent", fields: {}, number: said.number, href: said.href, message: "" });
    } else if (said.code === "refused" && answer.status < 500 && answer.status !== 429) {
      await put({ ...entry, status: "refused", message: said.message });
    } else {
      trouble = said.code === "other_person" ? "other_person" : "offline";
      return false;
    }
    trouble = "";
    return true;
  } catch {
    trouble = "offline"; // no network, or an answer that is not ours
    return false;
  }
}

async function round() {
  const waiting = (await all()).filter((entry) => entry.status === "waiting").reverse();
  for (const entry of waiting) {
    if (!(await send(entry))) return false;
    await render();
  }
  return true;
}

// One at a time; two pages of one device may send the same entry, and the server knows it by its key.
async function flush() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  clearTimeout(timer);
  let done = true;
  do {
    again = false;
    done = await round();
  } while (again);
  running = false;
  wait = done ? QUIET : Math.min(MOST, wait * 2);
  timer = setTimeout(flush, wait * (0.75 + Math.random() / 2));
  await render();
}

async function tidy() {
  for (const entry of await all()) if (entry.status === "sent") await drop(entry.key);
  await render();
}

function now() {
  wait = 5000;
  flush();
}

// Where the browser allows it (HTTPS), the page opens again without a network, too.
async function stayOpen() {
  if (!window.isSecureContext || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(form.dataset.worker);
    const { active } = await navigator.serviceWorker.ready;
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data !== "kept") return;
      document.querySelector("[data-stay]").hidden = true;
      document.querySelector("[data-kept]").hidden = false;
    });
    navigator.serviceWorker.startMessages();
    const files = performance.getEntriesByType("resource").map((one) => one.name).filter((name) => name.startsWith(`${window.location.origin}/static/`));
    active.postMessage({ keep: [window.location.pathname, ...files] });
  } catch {
    // the page stays open as it does without
  }
}

async function begin() {
  try {
    db = await openDB(NAME, 1, { upgrade: (made) => { made.createObjectStore("entries", { keyPath: "key" }); } });
  } catch {
    db = null;
  }
  form.addEventListener("submit", keep);
  clear.addEventListener("click", tidy);
  window.addEventListener("online", now);
  window.addEventListener("offline", () => { trouble = "offline"; render(); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") now(); });
  window.addEventListener("beforeunload", (event) => {
    if (db || ![...memory.values()].some((entry) => entry.status === "waiting")) return;
    event.preventDefault();
    event.returnValue = "";
  });
  await render();
  flush();
  stayOpen();
}

begin();
