// Opens a page again without a network: the last that the server gave of those it was told to keep, and their files.
// Nothing else is kept, nothing is answered from here while the server answers, and sign-out throws it all away.
// Registered as `…?name=…`: the store of its own that each kind of page has.
const NAME = new URL(self.location).searchParams.get("name");
const PATIENCE = 8000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const keep = event.data && Array.isArray(event.data.keep) ? event.data.keep : [];
  event.waitUntil(caches.open(NAME).then((cache) => Promise.all(keep.map((url) => cache.add(url).catch(() => {})))).then(() => event.source && event.source.postMessage("kept")));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  const page = request.mode === "navigate";
  if (page || pathname.startsWith("/static/")) event.respondWith(serverFirst(request, page));
});

async function serverFirst(request, page) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreSearch: page, ignoreVary: true });
  try {
    const answer = await (kept ? Promise.race([fetch(request), late()]) : fetch(request));
    if (answer.status >= 500 && kept) return kept;
    if (answer.status === 200 && kept) await cache.put(page ? new URL(request.url).pathname : request, answer.clone());
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

function late() {
  return new Promise((_, refuse) => { setTimeout(() => refuse(new Error("no answer")), PATIENCE); });
}
