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
const most = facts.ticks; // how many votes a judge has; null where she gives marks
const keys = most ? ["tick"] : facts.criteria.map((criterion) => criterion.key);
const weights = facts.criteria.map((criterion) => Math.round(Number(criterion.weight) * 1e6)); // whole millionths
const sheets = new Map();
const undo = new Map();
const heading = document.querySelector("h1");
const home = heading.textContent;

let outbox = null;
let board = null;
let locked = facts.state !== "scoring";
let lockedAt = facts.locked_at;
let asking = false;
let tooMany = ""; // said where a vote more was tried
let row = null; // the entry that the table reads back
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
  facts.criteria.forEach((criterion, i) => {
    const value = read(marks[criterion.key], criterion);
    if (value === null || Number.isNaN(value)) left += 1;
    else total += value * weights[i];
  });
  return { total: Math.round(total / 1e6), left };
}

const votes = () => order.filter((entry) => sheets.get(entry.id).marks.tick === "1");
// What a ballot still has to send: everything that the server does not have as handed in.
const unsent = () => order.filter((entry) => {
  const sheet = sheets.get(entry.id);
  return sheet.status !== "conflict" && !(submitted(sheet) && ["delivered", "waiting"].includes(sheet.status));
});

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
  // What waited for a project that the judge has stepped back from is nobody's any more.
  for (const entry of facts.entries) if (entry.state && known.has(entry.id)) await outbox.drop(known.get(entry.id).key);
  for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
  root.hidden = false;
  listen();
  render();
  flush();
  follow({ push: facts.push, poll: facts.poll, onBoard: hear, onContact: contact });
  beat();
  if (document.readyState === "complete") stayOpen();
  else window.addEventListener("load", stayOpen);
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
  const wide = !entry && !most && window.location.hash === "#table";
  $("list").hidden = Boolean(entry) || wide;
  $("table").hidden = !wide;
  document.body.classList.toggle("wide", wide);
  $("sheet").hidden = !entry;
  heading.textContent = entry ? `${entry.position}. ${entry.title}` : home;
  const done = order.filter((one) => submitted(sheets.get(one.id))).length;
  for (const place of root.querySelectorAll("[data-done]")) place.textContent = `${done} / ${order.length}`;
  if (entry) drawSheet(entry);
  else if (wide) drawTable();
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
    if (most) drawVote(row.querySelector("button"), entry);
    const fresh = label(sheets.get(entry.id));
    const old = row.lastElementChild;
    if (old.textContent !== fresh.textContent || old.className !== fresh.className) old.replaceWith(fresh);
  });
  const gaps = order.filter((one) => !submitted(sheets.get(one.id)));
  let words = gaps.length ? `还没交：${gaps.map((one) => one.position).join("、")} 号` : "全部项目都已提交。锁定前还可以修改。";
  if (most) words = gaps.length ? `请最多投 ${most} 票，投好后一起提交。` : "选票已提交。锁定前还可以修改。";
  if (locked) words = "评审会已锁定，谢谢您。";
  $("gaps").textContent = words;
  $("relations").hidden = locked;
  if (most) drawBallot();
}

// ---- votes

function drawVote(button, entry) {
  const sheet = sheets.get(entry.id);
  const voted = sheet.marks.tick === "1";
  button.setAttribute("aria-pressed", String(voted));
  button.classList.toggle("btn-primary", voted);
  button.classList.toggle("btn-outline-primary", !voted);
  button.disabled = locked || asking || sheet.status === "conflict";
  const words = voted ? "✓ 已选" : "投票";
  if (button.textContent !== words) button.textContent = words;
  button.setAttribute("aria-label", `${words} ${entry.position} 号 ${entry.title}`);
}

function voteButton(entry) {
  const button = element("button", "btn btn-outline-primary vote");
  button.type = "button";
  button.addEventListener("click", () => vote(entry));
  return button;
}

function vote(entry) {
  const voted = sheets.get(entry.id).marks.tick === "1";
  const full = !voted && votes().length >= most;
  tooMany = full ? `已选满 ${most} 票。要选这一项，请先去掉一项。` : "";
  if (full) render();
  else change(entry, "tick", voted ? "" : "1");
}

function drawBallot() {
  const bar = $("ballot");
  bar.hidden = locked;
  const chosen = votes();
  $("votes", bar).textContent = String(chosen.length);
  $("full-words", bar).textContent = tooMany;
  $("ballot-running", bar).hidden = asking;
  $("ballot-confirm", bar).hidden = !asking;
  $("ballot-read", bar).textContent = chosen.length ? `您投给 ${chosen.map((one) => `${one.position} 号`).join("、")}，共 ${chosen.length} 票，是否提交？` : "您一票也没有投，是否提交？";
  const left = unsent().length;
  $("ballot-submit", bar).hidden = asking || left === 0;
  $("ballot-submit", bar).textContent = order.some((one) => submitted(sheets.get(one.id))) ? "改交选票" : "提交选票";
  $("ballot-back", bar).hidden = !asking;
  $("ballot-sure", bar).hidden = !asking;
}

async function handInBallot() {
  clearTimeout(keeping);
  asking = false;
  await writing;
  // Those without a vote first, so that a vote that moved never finds the ballot full.
  const todo = unsent().sort((a, b) => (sheets.get(a.id).marks.tick || "0").localeCompare(sheets.get(b.id).marks.tick || "0"));
  for (const entry of todo) await queue(outbox, sheets.get(entry.id), "submit", valid(sheets.get(entry.id).marks));
  render();
  flush();
}

// ---- the table, for a laptop

const cells = new Map();

function makeTable() {
  for (const entry of facts.entries) {
    const line = element("tr");
    const head = element("th", "", entry.state ? `${entry.position}. ${entry.title}` : undefined);
    head.scope = "row";
    line.append(head);
    if (entry.state) {
      const rest = element("td", "", entry.words);
      rest.colSpan = facts.criteria.length + 3;
      line.append(rest);
      $("cells").append(line);
      continue;
    }
    const link = element("a", "", `${entry.position}. ${entry.title}`);
    link.href = `#e${entry.id}`;
    head.append(link);
    const inputs = facts.criteria.map((criterion) => {
      const input = element("input", "form-control mark-input");
      input.inputMode = "decimal";
      input.autocomplete = "off";
      input.maxLength = 8;
      input.dataset.key = criterion.key;
      input.setAttribute("aria-label", `${entry.position} 号 ${criterion.label}，${criterion.min} 至 ${criterion.max} 分，每档 ${criterion.step}`);
      input.addEventListener("input", () => change(entry, criterion.key, input.value.trim()));
      const cell = element("td");
      cell.append(input);
      line.append(cell);
      return input;
    });
    const total = element("td", "num");
    const state = element("td");
    const act = element("td");
    const button = element("button", "btn btn-outline-primary", "提交");
    button.type = "button";
    button.addEventListener("click", () => askRow(entry));
    act.append(button);
    line.append(total, state, act);
    $("cells").append(line);
    cells.set(entry.id, { inputs, total, state, button });
  }
}

function drawTable() {
  if (!$("cells").children.length) makeTable();
  for (const entry of order) {
    const sheet = sheets.get(entry.id);
    const { inputs, total, state, button } = cells.get(entry.id);
    const shut = locked || row !== null || sheet.status === "conflict";
    inputs.forEach((input, i) => {
      const wanted = sheet.marks[facts.criteria[i].key] || "";
      if (document.activeElement !== input && input.value !== wanted) input.value = wanted;
      input.readOnly = shut;
      input.setAttribute("aria-invalid", String(Number.isNaN(read(wanted, facts.criteria[i]))));
    });
    const sum = totalOf(sheet.marks);
    total.textContent = sum.left === facts.criteria.length ? "—" : `${fixed(sum.total)}${sum.left ? `（差 ${sum.left} 项）` : ""}`;
    const fresh = label(sheet);
    if (!state.firstChild || state.firstChild.textContent !== fresh.textContent) state.replaceChildren(fresh, ...(sheet.message ? [element("p", "crit-wrong", sheet.message)] : []));
    button.textContent = submitted(sheet) ? "改交" : "提交";
    button.disabled = shut || (submitted(sheet) && sheet.status === "delivered");
    button.setAttribute("aria-label", `${button.textContent} ${entry.position} 号`);
  }
  $("table-bar").hidden = row === null || locked;
  if (row !== null) {
    const sheet = sheets.get(row.id);
    $("table-read").textContent = `${row.position} 号“${row.title}”：您给出的总分为 ${fixed(totalOf(sheet.marks).total)}，是否提交？`;
    $("table-extreme").textContent = extreme(sheet.marks);
  }
}

function askRow(entry) {
  const sheet = sheets.get(entry.id);
  const bad = cells.get(entry.id).inputs.find((_, i) => {
    const value = read(sheet.marks[facts.criteria[i].key], facts.criteria[i]);
    return value === null || Number.isNaN(value);
  });
  if (bad) {
    bad.focus();
    return;
  }
  row = entry;
  render();
  $("table-sure").focus();
}

function leaveRow() {
  const entry = row;
  row = null;
  render();
  if (entry) cells.get(entry.id).inputs[0].focus();
}

// Enter goes on along the row, the arrows go along the column.
function walkTable(event) {
  const step = { Enter: 1, ArrowDown: facts.criteria.length, ArrowUp: -facts.criteria.length }[event.key];
  if (!step || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  const inputs = [...$("cells").querySelectorAll("input")];
  const next = inputs[inputs.indexOf(event.target) + step];
  if (next) next.focus();
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
  row.append(link, ...(most ? [voteButton(entry)] : []), label(sheets.get(entry.id)));
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
    if (most) $("vote").replaceChildren(voteButton(entry), element("span", "quiet", "投好后回到“全部项目”一起提交。"));
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
  $("vote").hidden = !most;
  if (most) drawVote($("vote").querySelector("button"), entry);
  const comment = $("comment");
  if (document.activeElement !== comment) comment.value = sheet.comment || "";
  comment.readOnly = locked || asking || conflict;
  const bar = $("bar");
  $("words", bar).hidden = locked || Boolean(most);
  $("acts", bar).hidden = locked;
  $("confirm", bar).hidden = !asking;
  $("running", bar).hidden = asking;
  $("total", bar).textContent = left === facts.criteria.length ? "—" : fixed(total);
  $("left", bar).textContent = left ? `还差 ${left} 项` : "";
  $("sum", bar).textContent = fixed(total);
  $("extreme", bar).textContent = asking ? extreme(sheet.marks) : "";
  $("submit", bar).hidden = asking || conflict || Boolean(most);
  $("submit", bar).textContent = submitted(sheet) ? "改交" : "提交";
  $("undo", bar).hidden = most || asking || conflict || !(undo.get(entry.id) || []).length;
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
    const voted = (marks) => (marks.tick === "1" ? "投票" : "不投");
    $("mine").textContent = most ? `用这台的（${voted(sheet.marks)}）` : `用这台的（合计 ${fixed(total)}）`;
    $("keep-theirs").textContent = most ? `用那台的（${voted(sheet.theirs.marks || {})}）` : `用那台的（合计 ${sheet.theirs.total || "未填完"}）`;
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
  if (most) return "";
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
    if (most || Object.keys(marks).length) writing = writing.then(() => queue(outbox, sheet, "keep", marks)).then(flush);
  }, QUIET);
}

function valid(marks) {
  const found = {};
  if (most && marks.tick === "1") found.tick = "1";
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
  row = null;
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
  const line = [...sheets.values()];
  if (most) line.sort((a, b) => (a.marks.tick || "0").localeCompare(b.marks.tick || "0")); // a vote that moved leaves first
  for (const sheet of line) {
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
  const same = keys.every((key) => (stored.marks[key] || "") === (sent.marks[key] || "") || hundredths(stored.marks[key] || "") === hundredths(sent.marks[key] || ""));
  const untouched = keys.every((key) => (sheet.marks[key] || "") === (sent.marks[key] || "")) && (sheet.comment || "").trim() === (sent.comment || "").trim();
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
  row = null;
  flush();
}

// After the lock nothing stays on the device, once all that it had to say has been heard.
function settle() {
  if (![...sheets.values()].every((sheet) => !sheet.pending)) return;
  outbox.forget();
  if ("caches" in window) caches.delete("chuangtou-judge").catch(() => {});
}

function contact(alive, moment) {
  lost = alive ? "" : moment ? timeOf(new Date(moment).toISOString()) : "尚未取得";
  if (alive && failing) flush();
  drawLine();
}

// Where the browser allows it (HTTPS), the page opens again without a network, too.
async function stayOpen() {
  if (!window.isSecureContext || !("serviceWorker" in navigator) || locked) return;
  try {
    await navigator.serviceWorker.register(facts.worker);
    const { active } = await navigator.serviceWorker.ready;
    navigator.serviceWorker.addEventListener("message", (event) => { if (event.data === "kept") root.dataset.kept = ""; });
    navigator.serviceWorker.startMessages();
    const files = performance.getEntriesByType("resource").map((one) => one.name).filter((name) => name.startsWith(`${window.location.origin}/static/`));
    active.postMessage({ keep: [window.location.pathname, ...files] });
  } catch {
    // the page stays open as it does without
  }
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
    row = null;
    tooMany = "";
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
  $("ballot-submit").addEventListener("click", () => { asking = true; tooMany = ""; render(); $("ballot-sure").focus(); });
  $("ballot-back").addEventListener("click", () => { asking = false; render(); });
  $("ballot-sure").addEventListener("click", handInBallot);
  $("table-sure").addEventListener("click", () => { const entry = row; handIn(entry); });
  $("table-back").addEventListener("click", leaveRow);
  $("cells").addEventListener("keydown", walkTable);
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
