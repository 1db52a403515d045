// The number of unread messages in the head of every page: told by push where there is one, asked for once a minute else.
//
// What push tells is only that something changed; the number is always asked for, by the person's own session.

const EVERY = 60000; // ms between two questions without push
const SOON = 300; // ms; several bells in a row are one question

export function watchInbox(place) {
  const { poll, push } = place.dataset;
  let timer = 0;
  let isAsking = false;
  let askedAt = Date.now();

  function show(count) {
    const badge = place.querySelector(".badge-count");
    if (!badge) return;
    const number = badge.querySelector("[data-number]");
    badge.hidden = count === 0;
    if (number.textContent !== String(count)) number.textContent = String(count);
  }

  async function ask() {
    if (isAsking || document.hidden) return;
    isAsking = true;
    askedAt = Date.now();
    try {
      const answer = await fetch(poll, { headers: { Accept: "application/json" }, cache: "no-store", redirect: "error" });
      if (answer.status === 200 && (answer.headers.get("Content-Type") || "").startsWith("application/json")) {
        const found = await answer.json();
        if (Number.isInteger(found.unread)) show(found.unread);
      }
    } catch {
      // away or signed out: the next page says so
    }
    isAsking = false;
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, SOON);
  }

  if (push) {
    const source = new EventSource(push);
    source.addEventListener("message", soon);
    window.addEventListener("pagehide", () => source.close());
  }
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - askedAt > EVERY) ask();
  });
}
