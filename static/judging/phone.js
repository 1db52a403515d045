// A judge's phone: the whole session on one page, so that a dead network stops nothing. Without this module the server's
// own list and sheets do the same work online.
import { follow } from "../portal/live.js";
import { clock as timeOf } from "../portal/save_state.js";
import { deviceFile, draw, parts } from "./carry.js";
import { fixed, hundredths, read, stepped } from "./marks.js";
import { openOutbox, post, queue } from "./outbox.js";

const QUIET = 1500;
const BEAT = 25000;
const facts = JSON.parse(document.getElementById("phone-facts").textContent);
const root = document.querySelector("[data-phone]");
const $ = (name, place = root) => place.querySelector(`[data-${name}]`);
const token = root.querySelector("input[name=csrfmiddlewaretoken]").value;
const entries = new Map(facts.entries.map((entry) => [entry.id, entry]));
const order = facts.entries.filter((entry) => !entry.state);
const sheets = new Map();
const undo = new Map();
const heading = document.querySelector("h1");
const home = heading.textContent;

let outbox = null;
let board = null;
let locked = facts.state !== "scoring";
let lockedAt = facts.locked_at;
let asking = false;
let signedOut = false;
let elsewhere = ""; // the sentence, where another device holds the seat
let failing = false;
let running = null;
let again = false;
let wait = 0;
let backoff = 1000;
let keeping = 0;
let writing = Promise.resolve();

const current = () => {
  const found = /^#e(\d+)$/.exec(window.location.hash);
  const entry = found && entries.get(Number(found[1]));
  return entry && !entry.state ? entry : null;
};
const isOpen = (id) => !locked && (!facts.paced || (board ? board.open.includes(id) : false));
const submitted = (sheet) => sheet.handed === true;

function totalOf(marks) {
  let total = 0;
  let left = 0;
  for (const criterion of facts.criteria) {
    const value = read(marks[criterion.key], criterion);
    if (value === null || Number.isNaN(value)) left += 1;
    else total += value * (hundredths(criterion.weight) ?? 100);
  }
  return { total: Math.round(total / 100), left };
}

// What the server says stands, taken over where this device has nothing of its own to say.
function take(sheet, stored) {
  sheet.marks = { ...stored.marks };
  sheet.comment = stored.comment || "";
  sheet.base = stored.revision;
  sheet.after = [];
  sheet.at = stored.at;
  sheet.total = stored.total;
  sheet.handed = stored.state === "submitted";
  sheet.status = sheet.handed ? "delivered" : "kept";
  sheet.theirs = null;
}

async function begin() {
  outbox = await openOutbox(facts.session, facts.judge);
  const known = new Map((await outbox.all()).map((sheet) => [sheet.entry, sheet]));
  for (const entry of order) {
    const fresh = { key: outbox.keyOf(entry.id), entry: entry.id, marks: {}, comment: "", base: 0, after: [], pending: null, status: "idle", at: "", total: null, handed: false, theirs: null, message: "" };
    const sheet = known.get(entry.id) || fresh;
    const local = sheet.pending || ["edited", "conflict", "refused"].includes(sheet.status);
    if (entry.sheet && (!local || locked)) {
      const pending = sheet.pending;
      take(sheet, entry.sheet);
      sheet.pending = pending;
      if (pending) sheet.status = "waiting";
    }
    sheets.set(entry.id, sheet);
  }
  for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
  root.hidden = false;
  listen();
  render();
  flush();
  follow({ push: facts.push, poll: facts.poll, onBoard: hear, onContact: contact });
  beat();
}

// ---- drawing

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const LABELS = {
  idle: ["waiting", "未评"], edited: ["returned", "已存本机"], waiting: ["returned", "已存本机，待送达"], kept: ["returned", "已暂存"],
  delivered: ["done", "已送达"], conflict: ["refused", "两处不同，请选"], late: ["declined", "锁定后到达，不计入"], refused: ["refused", "没有送达"],
};

function label(sheet) {
  let [kind, words] = LABELS[sheet.status];
  if (locked && sheet.status === "delivered") [kind, words] = ["done", "已锁定"];
  if (sheet.status === "delivered" || sheet.status === "kept") words += ` ${timeOf(sheet.at)}`;
  return element("span", `status status-${kind}`, words);
}

function render() {
  const entry = current();
  $("list").hidden = Boolean(entry);
  $("sheet").hidden = !entry;
  heading.textContent = entry ? `${entry.position}. ${entry.title}` : home;
  const done = order.filter((one) => submitted(sheets.get(one.id))).length;
  for (const place of root.querySelectorAll("[data-done]")) place.textContent = `${done} / ${order.length}`;
  if (entry) drawSheet(entry);
  else drawList();
  drawStage();
  drawLine();
}

// The rows stay and only their words change: a row that is made anew under a finger loses the tap.
function drawList() {
  if (!$("rows").children.length) $("rows").append(...facts.entries.map(listRow));
  facts.entries.forEach((entry, i) => {
    const row = $("rows").children[i];
    row.classList.toggle("desk-now", Boolean(board && board.now && board.now.id === entry.id));
    if (entry.state) return;
    const fresh = label(sheets.get(entry.id));
    const old = row.lastElementChild;
    if (old.textContent !== fresh.textContent || old.className !== fresh.className) old.replaceWith(fresh);
  });
  const gaps = order.filter((one) => !submitted(sheets.get(one.id)));
  $("gaps").textContent = gaps.length ? `还没交：${gaps.map((one) => one.position).join("、")} 号` : "全部项目都已提交。锁定前还可以修改。";
}

function listRow(entry) {
  const row = element("li", "desk-row");
  const words = `${entry.position}. ${entry.title}`;
  if (entry.state) {
    row.append(element("span", "desk-title", words), element("span", "status status-declined", entry.words));
    return row;
  }
  const link = element("a", "desk-title", words);
  link.href = `#e${entry.id}`;
  row.append(link, label(sheets.get(entry.id)));
  return row;
}

let drawn = null;

function drawSheet(entry) {
  const sheet = sheets.get(entry.id);
  if (drawn !== entry.id) {
    drawn = entry.id;
    asking = false;
    $("lead").textContent = [entry.organization, entry.theme, entry.requested && `申请 ${entry.requested} 元`].filter(Boolean).join(" · ");
    $("paper").href = entry.material;
    $("step-back").href = entry.step_back;
    $("step-back").hidden = locked;
    const blocks = facts.criteria.map((criterion) => {
      const block = document.getElementById("phone-criterion").content.firstElementChild.cloneNode(true);
      block.dataset.key = criterion.key;
      const input = block.querySelector("input");
      input.id = `phone-${criterion.key}`;
      block.querySelector("label").htmlFor = input.id;
      block.querySelector("label").textContent = criterion.label;
      const hint = block.querySelector("[data-hint]");
      hint.id = `phone-hint-${criterion.key}`;
      input.setAttribute("aria-describedby", hint.id);
      hint.textContent = `${criterion.min === "0" ? `满分 ${criterion.max}` : `${criterion.min} 至 ${criterion.max} 分`}，每档 ${criterion.step}`;
      block.querySelector("[data-less]").setAttribute("aria-label", `${criterion.label}减一档`);
      block.querySelector("[data-more]").setAttribute("aria-label", `${criterion.label}加一档`);
      block.querySelector("[data-wrong]").textContent = `请填 ${criterion.min} 至 ${criterion.max} 之间的分数，每档 ${criterion.step} 分。`;
      const anchors = (facts.anchors || {})[criterion.key] || [];
      const list = block.querySelector("[data-anchors]");
      list.hidden = anchors.length === 0;
      list.querySelector("ul").replaceChildren(...anchors.map(([grade, words]) => element("li", "", `${grade}：${words}`)));
      return block;
    });
    $("criteria").replaceChildren(...blocks);
    $("comment").value = sheet.comment || "";
    $("criteria").querySelectorAll("input").forEach((input, i) => { input.value = sheet.marks[facts.criteria[i].key] || ""; });
    window.scrollTo(0, 0);
  }
  const open = isOpen(entry.id);
  const conflict = sheet.status === "conflict";
  const { total, left } = totalOf(sheet.marks);
  for (const [i, block] of [...$("criteria").children].entries()) {
    const criterion = facts.criteria[i];
    const input = block.querySelector("input");
    if (document.activeElement !== input || input.value === "") input.value = sheet.marks[criterion.key] || "";
    input.readOnly = locked || asking || conflict;
    for (const button of block.querySelectorAll("button")) button.disabled = input.readOnly;
    const wrong = Number.isNaN(read(sheet.marks[criterion.key], criterion));
    block.querySelector("[data-wrong]").hidden = !wrong;
    input.setAttribute("aria-invalid", String(wrong));
    const theirs = block.querySelector("[data-theirs]");
    theirs.hidden = !conflict;
    theirs.textContent = conflict ? `另一台设备：${(sheet.theirs.marks || {})[criterion.key] || "未填"}` : "";
  }
  const comment = $("comment");
  if (document.activeElement !== comment) comment.value = sheet.comment || "";
  comment.readOnly = locked || asking || conflict;
  const bar = $("bar");
  $("words", bar).hidden = locked;
  $("acts", bar).hidden = locked;
  $("confirm", bar).hidden = !asking;
  $("running", bar).hidden = asking;
  $("total", bar).textContent = left === facts.criteria.length ? "—" : fixed(total);
  $("left", bar).textContent = left ? `还差 ${left} 项` : "";
  $("sum", bar).textContent = fixed(total);
  $("extreme", bar).textContent = asking ? extreme(sheet.marks) : "";
  $("submit", bar).hidden = asking || conflict;
  $("submit", bar).textContent = submitted(sheet) ? "改交" : "提交";
  $("undo", bar).hidden = asking || conflict || !(undo.get(entry.id) || []).length;
  $("back", bar).hidden = !asking;
  $("sure", bar).hidden = !asking;
  const at = order.indexOf(entry);
  $("next", bar).hidden = asking || conflict || sheet.status !== "delivered" || at + 1 >= order.length;
  if (at + 1 < order.length) for (const link of root.querySelectorAll("[data-next]")) link.href = `#e${order[at + 1].id}`;
  $("after").hidden = at + 1 >= order.length;
  $("before").hidden = at <= 0;
  if (at > 0) $("before").href = `#e${order[at - 1].id}`;
  if (at + 1 < order.length) $("after").href = `#e${order[at + 1].id}`;
  const state = $("state");
  state.replaceChildren(label(sheet), element("span", "", ` ${said(sheet, open)}`));
  $("conflict").hidden = !conflict;
  if (conflict) {
    $("mine").textContent = `用这台的（合计 ${fixed(total)}）`;
    $("keep-theirs").textContent = `用那台的（合计 ${sheet.theirs.total || "未填完"}）`;
  }
}

function said(sheet, open) {
  if (sheet.message) return sheet.message;
  if (locked) return lockedAt ? `评审会已于 ${timeOf(lockedAt)} 锁定，不能再改。` : "评审会已锁定，不能再改。";
  if (sheet.status === "edited" && submitted(sheet)) return "已改动，还没有重新提交；现在计分的是上次提交的分数。";
  if (sheet.status === "edited") return "还没有提交。";
  if (!open) return "这个项目的评分现在没有开放；可以先填，分数留在本机。";
  if (sheet.status === "kept") return "还没有提交。";
  return "";
}

function extreme(marks) {
  const values = facts.criteria.map((c) => [read(marks[c.key], c), hundredths(c.min), hundredths(c.max)]);
  if (values.every(([v, , high]) => v === high)) return "您给的每一项都是满分，请再确认一下。";
  if (values.every(([v, low]) => v === low)) return "您给的每一项都是最低分，请再确认一下。";
  return "";
}

function drawStage() {
  const place = $("stage");
  const now = board && board.now && ["presenting", "questions"].includes(board.phase) ? board.now : null;
  place.hidden = !now;
  if (!now) return;
  $("stage-words").textContent = board.words;
  $("stage-title").textContent = `${now.position}. ${now.title}`;
  const link = $("stage-link");
  const here = current();
  const own = entries.get(now.id);
  link.hidden = !own || Boolean(own.state) || (here && here.id === now.id);
  link.href = `#e${now.id}`;
}

let lost = "";

// The last resort is offered where something waits and nothing goes out.
function drawCarry(waiting) {
  $("carry").hidden = !(waiting && (failing || signedOut || elsewhere));
  if ($("carry").hidden) $("carried").hidden = true;
}

let carried = null;

function carry() {
  const found = deviceFile(facts, outbox.device, sheets.values());
  if (carried) URL.revokeObjectURL(carried);
  carried = URL.createObjectURL(new Blob([JSON.stringify(found)], { type: "application/json" }));
  const link = $("carry-file");
  link.href = carried;
  link.download = `评分-席位${facts.seat}.json`;
  const codes = parts(found);
  $("carry-codes").replaceChildren(...codes.map((text, i) => {
    const item = element("li");
    const canvas = draw(text);
    canvas.setAttribute("aria-label", `第 ${i + 1} 个二维码，共 ${codes.length} 个`);
    item.append(element("p", "", `${i + 1} / ${codes.length}`), canvas);
    return item;
  }));
  $("carried").hidden = false;
}

function drawLine() {
  const waiting = [...sheets.values()].filter((sheet) => sheet.pending).length;
  drawCarry(waiting);
  const line = $("line");
  let words = "";
  if (signedOut) words = `登录已失效。${waiting ? `${waiting} 张评分表已存本机，` : ""}请重新登录，登录后自动送出。`;
  else if (elsewhere) words = `${elsewhere}${waiting ? `${waiting} 张评分表已存本机，继续后自动送出。` : ""}`;
  else if (waiting && failing) words = `网络不通：${waiting} 张评分表已存本机，恢复后自动送出。请不要关闭本页。`;
  else if (waiting) words = `正在送出 ${waiting} 张评分表…`;
  else if (lost && !locked) words = `与会场失去联系，会场状态更新于 ${lost}。评分照常进行，分数先存本机。`;
  else if (!outbox.durable) words = "这台设备不能保存数据（可能是无痕模式）。请不要关闭本页，或换一个浏览器。";
  line.hidden = words === "";
  if ($("line-words").textContent !== words) $("line-words").textContent = words;
  $("sign-in").hidden = !signedOut;
  $("go-on").hidden = !elsewhere;
}

// ---- acting

function change(entry, key, value) {
  const sheet = sheets.get(entry.id);
  if (locked || sheet.status === "conflict" || (sheet.marks[key] || "") === value) return;
  const past = undo.get(entry.id) || [];
  past.push({ ...sheet.marks });
  undo.set(entry.id, past.slice(-50));
  store(sheet, { ...sheet.marks, [key]: value });
}

function remark(entry, words) {
  const sheet = sheets.get(entry.id);
  if (locked || sheet.status === "conflict" || (sheet.comment || "") === words) return;
  sheet.comment = words;
  store(sheet, sheet.marks);
}

function store(sheet, marks) {
  sheet.marks = marks;
  sheet.message = "";
  render(); // the total at once; the word 已存本机 only when it is true
  writing = writing.then(async () => {
    await outbox.put({ ...sheet, status: sheet.pending ? sheet.status : "edited" });
    if (!sheet.pending) sheet.status = "edited";
    render();
  });
  if (!submitted(sheet)) keepSoon(sheet.entry);
}

// A sheet that was not handed in is kept on the server too, so that another device can go on with it.
function keepSoon(entry) {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    const sheet = sheets.get(entry);
    if (!isOpen(entry) || submitted(sheet) || sheet.status !== "edited") return;
    const marks = valid(sheet.marks);
    if (Object.keys(marks).length) writing = writing.then(() => queue(outbox, sheet, "keep", marks)).then(flush);
  }, QUIET);
}

function valid(marks) {
  const found = {};
  for (const criterion of facts.criteria) {
    const value = read(marks[criterion.key], criterion);
    if (value !== null && !Number.isNaN(value)) found[criterion.key] = marks[criterion.key];
  }
  return found;
}

function ask(entry) {
  const { left } = totalOf(sheets.get(entry.id).marks);
  if (left) {
    const block = [...$("criteria").children].find((one, i) => {
      const value = read(sheets.get(entry.id).marks[facts.criteria[i].key], facts.criteria[i]);
      return value === null || Number.isNaN(value);
    });
    block.querySelector("input").focus();
    return;
  }
  asking = true;
  render();
  $("sure").focus();
}

async function handIn(entry) {
  const sheet = sheets.get(entry.id);
  clearTimeout(keeping);
  asking = false;
  await writing;
  await queue(outbox, sheet, "submit", sheet.marks);
  undo.delete(entry.id);
  render();
  flush();
}

async function decide(entry, mine) {
  const sheet = sheets.get(entry.id);
  const stored = sheet.theirs;
  if (mine) {
    sheet.base = stored.revision;
    sheet.after = [];
    sheet.theirs = null;
    await queue(outbox, sheet, "submit", sheet.marks);
    flush();
  } else {
    take(sheet, stored);
    await outbox.put(sheet);
    drawn = null;
  }
  render();
}

// ---- sending: one after another, the newest of each sheet only

function flush() {
  if (running) {
    again = true;
    return;
  }
  clearTimeout(wait);
  running = drain().finally(() => {
    running = null;
    if (again) {
      again = false;
      flush();
    }
  });
}

function later(milliseconds) {
  clearTimeout(wait);
  wait = setTimeout(flush, milliseconds * (0.8 + Math.random() * 0.4));
}

async function drain() {
  let closed = false;
  for (const sheet of sheets.values()) {
    if (!sheet.pending) continue;
    render();
    const sent = sheet.pending;
    const answer = await post(facts.send, token, outbox, sheet);
    if (answer.kind === "signed_out") {
      signedOut = true;
      later(15000);
      render();
      return;
    }
    if (answer.code === "elsewhere") {
      elsewhere = answer.message;
      later(15000);
      render();
      return;
    }
    elsewhere = "";
    if (answer.kind === "retry" || answer.code === "busy") {
      failing = true;
      backoff = Math.min(backoff * 2, 15000);
      later(backoff);
      render();
      return;
    }
    signedOut = false;
    failing = false;
    backoff = 1000;
    if (answer.kind === "saved") saved(sheet, sent, answer.sheet);
    else if (answer.code === "not_open" || answer.code === "closed") {
      sheet.message = answer.message;
      closed = true;
    } else refused(sheet, sent, answer);
    await outbox.put(sheet);
  }
  if (closed) later(8000);
  render();
  if (locked) settle();
}

function saved(sheet, sent, stored) {
  sheet.base = stored.revision;
  sheet.at = stored.at;
  sheet.total = stored.total;
  sheet.handed = stored.state === "submitted";
  sheet.message = "";
  if (sheet.pending !== sent) return; // something newer waits, and builds on this
  sheet.pending = null;
  sheet.after = [];
  const same = facts.criteria.every((c) => (stored.marks[c.key] || "") === (sent.marks[c.key] || "") || hundredths(stored.marks[c.key] || "") === hundredths(sent.marks[c.key] || ""));
  const untouched = facts.criteria.every((c) => (sheet.marks[c.key] || "") === (sent.marks[c.key] || "")) && (sheet.comment || "").trim() === (sent.comment || "").trim();
  if (!same && untouched) {
    take(sheet, stored); // an old request answered with what has replaced it since
    drawn = null;
  } else sheet.status = untouched ? (sheet.handed ? "delivered" : "kept") : "edited";
}

function refused(sheet, sent, answer) {
  if (sheet.pending === sent) sheet.pending = null;
  sheet.after = [];
  if (answer.code === "conflict") {
    sheet.status = "conflict";
    sheet.theirs = answer.theirs;
    sheet.message = "同一张评分表在两台设备上填得不一样，请选一份。选定之前，计分的是另一台已提交的那份。";
    asking = false;
  } else if (answer.code === "locked") {
    sheet.status = "late";
    sheet.message = `${answer.message} 这一份已登记为锁定后到达，由街道和监督员处理。`;
    lock(answer.at || null);
  } else {
    sheet.status = "refused";
    sheet.message = answer.message || "没有送达，请联系现场工作人员。";
  }
}

// ---- the hall

function hear(found) {
  board = found;
  if (found.state !== "scoring" && found.state !== "setup") lock(null);
  const open = [...sheets.values()].some((sheet) => sheet.pending && isOpen(sheet.entry));
  if (open) flush();
  render();
}

function lock(at) {
  if (locked) return;
  locked = true;
  lockedAt = at || lockedAt;
  asking = false;
  flush();
}

// After the lock nothing stays on the device, once all that it had to say has been heard.
function settle() {
  if ([...sheets.values()].every((sheet) => !sheet.pending)) outbox.forget();
}

function contact(alive, moment) {
  lost = alive ? "" : moment ? timeOf(new Date(moment).toISOString()) : "尚未取得";
  if (alive && failing) flush();
  drawLine();
}

async function beat() {
  try {
    const answer = await fetch(facts.beat, { method: "POST", redirect: "manual", headers: { "X-CSRFToken": token } });
    if (answer.ok && (signedOut || elsewhere)) {
      signedOut = false;
      elsewhere = "";
      flush();
    } else if (answer.status === 409) {
      elsewhere = (await answer.json()).message;
    }
    drawLine();
  } catch {
    // the line says what matters
  }
  setTimeout(beat, BEAT * (0.8 + Math.random() * 0.4));
}

function listen() {
  window.addEventListener("hashchange", () => {
    drawn = null;
    asking = false;
    render();
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  });
  window.addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  window.addEventListener("beforeunload", (event) => {
    if (![...sheets.values()].some((sheet) => sheet.pending)) return;
    event.preventDefault();
    event.returnValue = "";
  });
  const criteria = $("criteria");
  const keyOf = (target) => target.closest("[data-key]").dataset.key;
  criteria.addEventListener("input", (event) => change(current(), keyOf(event.target), event.target.value.trim()));
  criteria.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    nudge(button.closest("[data-key]"), button.dataset.less === undefined ? 1 : -1);
  });
  criteria.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      nudge(event.target.closest("[data-key]"), event.key === "ArrowUp" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const inputs = [...criteria.querySelectorAll("input")];
      const next = inputs[inputs.indexOf(event.target) + 1];
      if (next) next.focus();
      else $("submit").focus();
    }
  });
  $("comment").addEventListener("input", (event) => remark(current(), event.target.value));
  $("carry-show").addEventListener("click", carry);
  $("submit").addEventListener("click", () => ask(current()));
  $("sure").addEventListener("click", () => handIn(current()));
  $("back").addEventListener("click", () => { asking = false; render(); });
  $("undo").addEventListener("click", () => {
    const entry = current();
    const marks = (undo.get(entry.id) || []).pop();
    if (marks) {
      drawn = null;
      store(sheets.get(entry.id), marks);
    }
  });
  $("mine").addEventListener("click", () => decide(current(), true));
  $("keep-theirs").addEventListener("click", () => decide(current(), false));
}

function nudge(block, direction) {
  const input = block.querySelector("input");
  if (input.readOnly) return;
  const criterion = facts.criteria.find((one) => one.key === block.dataset.key);
  input.value = stepped(input.value, criterion, direction);
  change(current(), criterion.key, input.value);
}

begin();
