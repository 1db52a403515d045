// Asks the server how far each open job on the page is; the page reloads when one has come to its end.
const OPEN = ["waiting", "running"];
const cards = Array.from(document.querySelectorAll("[data-job]")).filter((card) => OPEN.includes(card.dataset.state));
let isLeaving = false; // a press of its own goes first: loading the page anew would cut its answer off
const pause = cards.length > 1 ? 2000 : 1000;

async function ask(card) {
  const words = card.querySelector("[data-progress]");
  try {
    const answer = await fetch(card.dataset.job, { headers: { Accept: "application/json" } });
    const type = answer.headers.get("Content-Type") || "";
    if (!answer.ok || !type.includes("json")) throw new Error("no answer");
    const facts = await answer.json();
    if (!OPEN.includes(facts.state) || facts.state !== card.dataset.state) return true;
    card.querySelector("progress").value = facts.percent;
    if (words.textContent !== facts.note) words.textContent = facts.note;
  } catch {
    words.textContent = "暂时连不上服务器，正在重试";
  }
  return false;
}

async function look() {
  for (const card of cards) {
    if (await ask(card) && !isLeaving) {
      location.reload();
      return;
    }
  }
  setTimeout(look, pause);
}

document.addEventListener("submit", (event) => { isLeaving = !event.defaultPrevented; });
window.addEventListener("pageshow", () => { isLeaving = false; });
if (cards.length) setTimeout(look, pause);
