// Counts down by the server's clock: `data-now` is the server's moment when it wrote the page, and the time that has
// passed since comes from performance.now(), which a wrong or changed clock of the device does not touch.

const DAY = 86400;
const MARKS = [86400, 3600]; // spoken aloud when passed: one day, one hour

function words(seconds) {
  if (seconds <= 0) return "已截止";
  const days = Math.floor(seconds / DAY);
  const hours = Math.floor((seconds % DAY) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.floor(seconds % 60);
  if (seconds < 3600) return `还剩 ${minutes} 分 ${rest} 秒`;
  return `还剩 ${days} 天 ${hours} 小时 ${minutes} 分`;
}

// Seconds that are left for an element with data-deadline and data-now, `passed` milliseconds after the page began.
export function secondsLeft(element, passed = performance.now()) {
  return (Date.parse(element.dataset.deadline) - Date.parse(element.dataset.now) - passed) / 1000;
}

// The server's time now as a Date, from any element that carries data-now.
export function serverNow(element, passed = performance.now()) {
  return new Date(Date.parse(element.dataset.now) + passed);
}

export function startCountdowns(root) {
  const found = [...root.querySelectorAll("[data-deadline][data-now]")];
  if (!found.length) return;
  const spoken = document.createElement("p");
  spoken.className = "visually-hidden";
  spoken.setAttribute("role", "status");
  document.body.append(spoken);
  let before = found.map((element) => secondsLeft(element));

  function tick() {
    const after = found.map((element) => secondsLeft(element));
    found.forEach((element, i) => {
      const left = after[i];
      const place = element.querySelector("[data-left]");
      const text = words(left);
      if (place && place.textContent !== text) place.textContent = text;
      element.classList.toggle("deadline-near", left > 0 && left <= 3 * DAY);
      element.classList.toggle("deadline-over", left <= 0);
      for (const mark of MARKS) {
        if (before[i] <= mark || left > mark) continue;
        spoken.textContent = `距截止${words(left)}`;
        element.dispatchEvent(new CustomEvent("deadline-near", { bubbles: true, detail: words(left) }));
      }
      if (before[i] > 0 && left <= 0) {
        spoken.textContent = "已截止";
        element.dispatchEvent(new CustomEvent("deadline", { bubbles: true }));
      }
    });
    before = after;
    if (after.some((left) => left > 0)) setTimeout(tick, 1000 - (performance.now() % 1000));
  }
  tick();
}
