// Opens a judge's page again without a network: the last page that the server gave, and the files that it needs.
// Nothing else is kept, nothing is answered from here while the server answers, and sign-out and lock throw it all away.
const NAME = "chuangtou-judge";
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
  const desk = request.mode === "navigate" && /^\/judge\/\d+\/$/.test(pathname);
  if (desk || pathname.startsWith("/static/")) event.respondWith(serverFirst(request, desk));
});

async function serverFirst(request, desk) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreSearch: desk, ignoreVary: true });
  try {
    const answer = await (kept ? Promise.race([fetch(request), late()]) : fetch(request));
    if (answer.status >= 500 && kept) return kept;
    if (answer.status === 200 && kept) await cache.put(desk ? new URL(request.url).pathname : request, answer.clone());
    return answer;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

function late() {
  return new Promise((_, refuse) => { setTimeout(() => refuse(new Error("no answer")), PATIENCE); });
}
