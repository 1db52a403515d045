// While words are typed: what others asked already, from the server, beside the form. Without this file the same is
// shown once on submitting.

const WAIT = 600; // ms after the last key
const LEAST = 4; // characters

for (const form of document.querySelectorAll("form[data-similar]")) {
  const box = form.querySelector("[data-similar-box]");
  const words = form.querySelector("[name=words]");
  const community = form.querySelector("[name=community]");
  if (box && words && community) watch(form.dataset.similar, box, words, community);
}

function watch(href, box, words, community) {
  let timer = 0;
  let asked = 0;
  let shown = "";

  async function ask() {
    const text = words.value.trim();
    const key = `${community.value} ${text}`;
    if (key === shown) return;
    if (text.length < LEAST || !community.value) {
      box.replaceChildren();
      shown = "";
      return;
    }
    asked += 1;
    const mine = asked;
    const query = new URLSearchParams({ community: community.value, words: text });
    try {
      const answer = await fetch(`${href}?${query}`, { headers: { Accept: "text/html" }, cache: "no-store", redirect: "error" });
      if (answer.status !== 200 || mine !== asked) return;
      const piece = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== asked) return;
      box.replaceChildren(...piece.body.childNodes);
      shown = key;
    } catch {
      // no network: submitting shows the same
    }
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  }

  words.addEventListener("input", soon);
  community.addEventListener("change", soon);
}
