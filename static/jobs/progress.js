// Asks the server each second how many rows are written; the page reloads when the work has ended.
const card = document.querySelector("[data-job]");

async function ask() {
  try {
    const answer = await fetch(card.dataset.job, { headers: { Accept: "application/json" } });
    const type = answer.headers.get("Content-Type") || "";
    if (!answer.ok || !type.includes("json")) throw new Error("no answer");
    const facts = await answer.json();
    if (facts.state !== "waiting" && facts.state !== "running") {
      location.reload();
      return;
    }
    card.querySelector("progress").value = facts.percent;
    const total = facts.total ? `，共 ${facts.total} 行` : "";
    card.querySelector("[data-progress]").textContent = `已写 ${facts.done} 行${total}`;
  } catch {
    card.querySelector("[data-progress]").textContent = "暂时连不上服务器，正在重试";
  }
  setTimeout(ask, 1000);
}

if (card && (card.dataset.state === "waiting" || card.dataset.state === "running")) setTimeout(ask, 1000);
