// The big screen: one board drawn anew whenever a newer one comes. It never asks for anything but the board.
import { follow } from "../portal/live.js";
import { clock as timeOf } from "../portal/save_state.js";
import { allowBell, bell, minutes, secondsLeft, serverNow, urgency } from "./hall.js";

const STALE = 10000;
const root = document.querySelector("[data-screen]");
const $ = (name) => root.querySelector(`[data-${name}]`);
let board = JSON.parse(document.getElementById("screen-board").textContent);
let heard = Date.now();
let rung = "";

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function scene() {
  if (board.phase === "revealing") return "reveal";
  if (board.phase === "final") return "final";
  if (board.phase === "break") return "break";
  if (board.now && (board.phase === "presenting" || board.phase === "questions")) return "stage";
  return "waiting";
}

function draw() {
  const now = scene();
  for (const part of root.querySelectorAll("[data-scene]")) part.hidden = part.dataset.scene !== now;
  if (now === "waiting") {
    const locked = board.state === "locked" || board.state === "published";
    $("waiting-words").textContent = locked ? "评分已全部锁定，即将揭晓" : board.now ? `第 ${board.now.position} 个项目已结束` : "即将开始";
    $("waiting-next").textContent = !locked && board.next ? `下一个：${board.next.position}. ${board.next.title}（${board.next.organization}）` : "";
    $("head").textContent = locked && board.head ? `锁定校验码 ${board.head}　${board.rule}` : "";
  }
  if (now === "break") $("break-next").textContent = board.next ? `稍后：${board.next.position}. ${board.next.title}` : "";
  if (now === "stage") {
    $("stage-place").textContent = `第 ${board.now.position} 个，共 ${board.of} 个`;
    $("stage-title").textContent = board.now.title;
    $("stage-organization").textContent = board.now.organization;
    $("stage-words").textContent = board.words;
    $("stage-open").textContent = board.open.includes(board.now.id) ? "评委正在评分" : "";
    $("stage-next").textContent = board.next ? `下一个：${board.next.title}` : "";
  }
  if (now === "reveal") reveal();
  if (now === "final") table();
  tick();
}

function reveal() {
  const [line] = board.lines;
  if (!line) return;
  $("reveal-rank").textContent = `第 ${line.rank} 名`;
  $("reveal-title").textContent = line.title;
  $("reveal-organization").textContent = line.organization;
  $("reveal-score").textContent = `${line.score} 分`;
  $("reveal-sheets").replaceChildren(
    ...line.sheets.map((sheet) => {
      const item = element("li", sheet.out ? "sheet-out" : "");
      item.append(element("span", "sheet-seat", `${sheet.seat} 号`), element(sheet.out ? "s" : "b", "", sheet.total));
      if (sheet.out) item.append(element("span", "visually-hidden", "去掉"));
      return item;
    }),
  );
  $("reveal-note").textContent = line.sheets.some((sheet) => sheet.out) ? "划线的为去掉的最高分、最低分" : "";
}

function table() {
  const rows = board.lines.map((line) => {
    const row = element("tr");
    row.append(element("td", "num", String(line.rank)), element("td", "", line.title), element("td", "screen-organization", line.organization), element("td", "num", line.score));
    return row;
  });
  $("final-rows").replaceChildren(...rows);
  root.dataset.crowd = rows.length > 16 ? "many" : rows.length > 8 ? "some" : "few";
  $("final-head").textContent = board.head ? `锁定校验码 ${board.head}　${board.rule}` : "";
}

function tick() {
  const seconds = secondsLeft(board.clock, serverNow(root.dataset.now));
  const place = $("stage-clock");
  if (seconds !== null && scene() === "stage") {
    const mood = urgency(board.clock, seconds);
    place.textContent = board.clock.paused_at ? `${minutes(seconds)} 暂停` : minutes(seconds);
    place.dataset.mood = mood;
    const mark = `${board.phase}${board.clock.started_at}${mood}`;
    if (mood !== "ok" && rung !== mark && !board.clock.paused_at) {
      rung = mark;
      bell(mood === "near" ? 1 : 3);
    }
  } else place.textContent = "";
  const old = Date.now() - heard > STALE;
  root.classList.toggle("screen-stale", old);
  $("stale").hidden = !old;
}

follow({
  push: root.dataset.push,
  poll: root.dataset.poll,
  onBoard(found) {
    board = found;
    draw();
  },
  onContact(alive, moment) {
    if (alive) heard = Date.now();
    else if (moment) $("stale-time").textContent = timeOf(new Date(moment).toISOString());
  },
});
document.addEventListener("click", allowBell);
const full = root.querySelector("[data-full]");
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => document.documentElement.requestFullscreen());
document.addEventListener("fullscreenchange", () => { full.hidden = Boolean(document.fullscreenElement); });
draw();
setInterval(tick, 250);
