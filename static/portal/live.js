// Live boards. One call keeps a page up to date: pushed by server-sent events while that works, polled while it does not.
//
//   const following = follow({
//     push: "https://…/push/<name>/",   // "" or absent: there is no push, so poll
//     poll: "/…/board.json",            // answers JSON with an ETag; 304 when nothing changed
//     onBoard(board) {},                // each board whose integer `version` is above the last one's
//     onContact(isInContact, at) {},    // true: heard at this Date; false: nothing for `quiet` ms, last heard at (or null)
//     version: 7,                       // what the page shows already; -1: nothing
//     restWhenHidden: true,             // no polling while the page is hidden (phones)
//   });
//   following.stop();
//
// The push server sends "beat" every four seconds while it hears Redis, so silence means that boards may be missing.

const SILENT = 6000; // ms without a word by push: begin to poll
const EVERY = 2000; // ms between two polls
const LONGEST = 10000; // ms between two polls that fail
const RETRY = 20000; // ms between two attempts at push while polling
const PATIENCE = 5000; // ms for one poll
const LOOK = 1000;

// Spread by a fifth either way, so that two hundred screens do not ask in the same moment.
const around = (ms) => ms * (0.8 + 0.4 * Math.random());

export function follow({
  push = "",
  poll = "",
  onBoard,
  onContact = () => {},
  version = -1,
  quiet = 10000,
  restWhenHidden = false,
}) {
  let newest = version;
  let source = null;
  let openedAt = 0; // of performance.now(), as all moments here but `heardOn`
  let pushedAt = -Infinity;
  let retryAt = 0;
  let heardAt = performance.now();
  let heardOn = null;
  let isQuiet = false;
  let etag = "";
  let pollTimer = 0;
  let isPolling = false;
  let asking = null; // AbortController of the poll that is under way
  let pause = EVERY;
  let isStopped = false;

  const mayPoll = () => Boolean(poll) && !(restWhenHidden && document.hidden);

  function heard() {
    heardAt = performance.now();
    heardOn = new Date();
    isQuiet = false;
    onContact(true, heardOn);
  }

  function take(board) {
    if (board.version <= newest) return;
    newest = board.version;
    onBoard(board);
  }

  function parsed(text) {
    try {
      const board = JSON.parse(text);
      return board && Number.isInteger(board.version) ? board : null;
    } catch {
      return null; // a sign-in page of the network, for instance
    }
  }

  // ---- push

  function pushWorks() {
    pushedAt = performance.now();
    stopPolling();
    heard();
  }

  function open() {
    if (!push || isStopped) return;
    close();
    openedAt = performance.now();
    try {
      source = new EventSource(push);
    } catch {
      lost();
      return;
    }
    source.addEventListener("beat", pushWorks);
    source.addEventListener("message", (event) => {
      const board = parsed(event.data);
      if (!board) return;
      pushWorks();
      take(board);
    });
    source.addEventListener("error", () => {
      if (!source) return;
      if (source.readyState === EventSource.CLOSED) lost(); // refused: the browser does not try again
      else if (pushedAt === -Infinity) startPolling(); // never worked yet, so the silence need not be waited for
    });
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  function lost() {
    close();
    retryAt = performance.now() + around(RETRY);
    startPolling();
  }

  // ---- polling

  function startPolling() {
    if (isPolling || isStopped || !poll) return;
    isPolling = true;
    pause = EVERY;
    ask();
  }

  function stopPolling() {
    isPolling = false;
    clearTimeout(pollTimer);
    if (asking) asking.abort();
  }

  function later() {
    clearTimeout(pollTimer);
    if (isPolling) pollTimer = setTimeout(ask, around(pause));
  }

  async function ask() {
    clearTimeout(pollTimer);
    if (isStopped || asking) return;
    if (!mayPoll()) return; // woken by visibilitychange
    const current = new AbortController();
    asking = current;
    const limit = setTimeout(() => current.abort(), PATIENCE);
    let board = null;
    let isAnswered = false;
    try {
      const headers = { Accept: "application/json" };
      if (etag) headers["If-None-Match"] = etag;
      const answer = await fetch(poll, { headers, cache: "no-store", redirect: "error", signal: current.signal });
      if (answer.status === 304) isAnswered = true;
      else if (answer.status === 200 && (answer.headers.get("Content-Type") || "").startsWith("application/json")) {
        board = parsed(await answer.text());
        isAnswered = board !== null;
        if (isAnswered) etag = answer.headers.get("ETag") || "";
      }
    } catch {
      // away, too slow, or push came back meanwhile
    }
    clearTimeout(limit);
    asking = null;
    if (isStopped) return;
    pause = isAnswered ? EVERY : Math.min(2 * pause, LONGEST);
    later();
    if (isAnswered) heard();
    if (board) take(board);
  }

  // ---- watching over both

  function askNow() {
    if (isStopped || document.hidden) return;
    pause = EVERY;
    if (poll) ask(); // even while push seems well: its connection may have died while the device slept
    if (push && !source) open();
  }

  function look() {
    if (isStopped) return;
    const now = performance.now();
    if (source) {
      if (now - Math.max(pushedAt, openedAt) > SILENT) lost();
    } else if (push && now >= retryAt) open();
    if (!isQuiet && now - heardAt > quiet) {
      isQuiet = true;
      onContact(false, heardOn);
    }
    setTimeout(look, around(LOOK));
  }

  window.addEventListener("online", askNow);
  document.addEventListener("visibilitychange", askNow);
  if (push) open();
  else startPolling();
  setTimeout(look, around(LOOK));

  return {
    stop() {
      isStopped = true;
      stopPolling();
      close();
      window.removeEventListener("online", askNow);
      document.removeEventListener("visibilitychange", askNow);
    },
    get isPushed() {
      return Boolean(push) && !isPolling;
    },
    get version() {
      return newest;
    },
  };
}
