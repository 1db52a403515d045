// Opens a page again without a network: the last that the server gave of those it was told to keep, and their files.
// Nothing else is kept, nothing is answered from here while the server answers, and sign-out throws it all away.
// Registered as `…?name=…`: the store of its own that each kind of page has.
const NAME = new URL(self.location).searchParams.get("name");
const PATIENCE = 8000;
let leaving = false; // signed out: what is still on its way is not kept any more

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  leaving = event.data === "leaving";
  if (leaving) event.waitUntil(caches.delete(NAME));
  else if (event.data && Array.isArray(event.data.keep)) event.waitUntil(keep(event.data.keep, event.source));
});

async function keep(urls, page) {
  const cache = await caches.open(NAME);
  await Promise.all(urls.map((url) => cache.add(url).catch(() => {})));
  if (leaving) await caches.delete(NAME);
  else if (page) page.postMessage("kept");
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  const page = request.mode === "navigate";
  if (page || pathname.startsWith("/static/")) event.respondWith(serverFirst(request, page));
});

async function serverFirst(request, page) {
  const kept = await caches.match(request, { cacheName: NAME, ignoreSearch: page, ignoreVary: true }); // makes no store
  try {
    const answer = await (kept ? Promise.race([fetch(request), late()]) : fetch(request));
    if (answer.status >= 500 && kept) return kept;
    if (answer.status === 200 && kept && !leaving && (await caches.has(NAME))) {
      const cache = await caches.open(NAME);
      await cache.put(page ? new URL(request.url).pathname : request, answer.clone());
    }
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

function late() {
  return new Promise((_, refuse) => { setTimeout(() => refuse(new Error("no answer")), PATIENCE); });
}
