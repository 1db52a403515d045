// The conductor's page keeps itself fresh: the clock, who has handed in, and a newer board made elsewhere.
import { follow } from "../portal/live.js";
import { allowBell, bell, minutes, secondsLeft, serverNow, urgency } from "./hall.js";

const root = document.querySelector("[data-conductor]");
const board = JSON.parse(document.getElementById("conductor-board").textContent);
const place = root.querySelector("[data-clock]");
const WORDS = { in: "交", out: "未交", recused: "回避", absent: "缺评", free: "—" };
const KINDS = { in: "done", out: "waiting", recused: "declined", absent: "declined", free: "declined" };
let rung = "";
let isLeaving = false; // a press of its own goes first: loading the page anew would cut its answer off

function tick() {
  const seconds = secondsLeft(board.clock, serverNow(root.dataset.now));
  if (seconds === null || !place) return;
  const mood = urgency(board.clock, seconds);
  place.textContent = minutes(seconds);
  place.dataset.mood = mood;
  if (mood !== "ok" && rung !== mood && !board.clock.paused_at) {
    rung = mood;
    bell(mood === "near" ? 1 : 3);
  }
}

async function look() {
  try {
    const answer = await fetch(root.dataset.handed, { headers: { Accept: "application/json" } });
    const found = await answer.json();
    for (const [entry, cells] of Object.entries(found.rows)) {
      const row = root.querySelector(`[data-entry="${entry}"]`);
      if (!row) continue;
      cells.forEach((cell, i) => {
        const mark = row.querySelectorAll("[data-cell]")[i];
        if (!mark || mark.dataset.cell === cell) return;
        const status = document.createElement("span");
        status.className = `status status-${KINDS[cell]}`;
        status.textContent = WORDS[cell];
        mark.dataset.cell = cell;
        mark.replaceChildren(status);
      });
    }
    root.querySelectorAll("[data-online]").forEach((mark, i) => {
      mark.textContent = found.online[i] ? "在线" : "离线";
    });
    root.querySelector("[data-missing]").textContent = String(found.missing);
  } catch {
    // the next look tells
  }
  setTimeout(look, 3000 * (0.8 + Math.random() * 0.4));
}

follow({
  push: root.dataset.push,
  poll: root.dataset.poll,
  onBoard(found) {
    if (found.version > board.version && !isLeaving) window.location.reload(); // directed from another device
  },
  onContact() {},
});
document.addEventListener("click", allowBell);
document.addEventListener("submit", (event) => { isLeaving = !event.defaultPrevented; });
window.addEventListener("pageshow", () => { isLeaving = false; });
setInterval(tick, 250);
tick();
look();
