// Forms that hold much work are sent without leaving the page: files show how far they are, and a refusal, a dead line or
// an ended sign-in leaves every word and every chosen file where it is. Without this module the browser sends them.
//
// Which: form[data-guard] and forms with files; not those marked data-plain. A form hears `not-sent` when it stays.
import { weighed } from "./files.js";
import { askToSignIn, renewToken } from "./session.js";

const MARK = "X-Portal-Form";
const LEAVING = 15000; // ms after which a page that was to be left may be used again
let again = 0;

export function sendsItself(form) {
  const says = (name) => (form.getAttribute(name) || "").toLowerCase(); // a field may be called `method`
  return (
    says("method") === "post" && !says("target") && form.dataset.plain === undefined &&
    (form.dataset.guard !== undefined || says("enctype") === "multipart/form-data")
  );
}

function weight(form) {
  let size = 0;
  for (const input of form.querySelectorAll("input[type=file]")) for (const file of input.files) size += file.size;
  return size;
}

function post(action, body, onMoved) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", action);
    request.setRequestHeader(MARK, "1");
    request.setRequestHeader("Accept", "text/html");
    if (onMoved) request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) onMoved(event.loaded / event.total); });
    request.addEventListener("load", () => done(request));
    request.addEventListener("error", fail);
    request.addEventListener("abort", fail);
    request.send(body);
  });
}

// Where it stands, in words and figures; a screen reader hears every tenth only.
function bar(form, button, size) {
  const place = document.createElement("div");
  place.className = "upload";
  place.dataset.upload = "";
  const words = document.createElement("p");
  words.id = "upload-words";
  words.textContent = "正在上传…";
  const heard = document.createElement("p");
  heard.className = "visually-hidden";
  heard.setAttribute("aria-live", "polite");
  const track = document.createElement("progress");
  track.max = 100;
  track.value = 0;
  track.setAttribute("aria-labelledby", words.id);
  place.append(words, track, heard);
  (button || form.lastElementChild).before(place);
  let told = 0;
  return {
    move(part) {
      const done = Math.floor(part * 100);
      track.value = done;
      words.textContent = done < 100 ? `正在上传，已完成 ${done}%（共 ${weighed(size)}）` : "已传完，正在检查…";
      if (done < 100 && done - told < 10) return;
      told = done;
      heard.textContent = done < 100 ? `已上传 ${done}%` : words.textContent;
    },
    gone: () => place.remove(),
  };
}

export function say(form, words) {
  let note = form.parentElement.querySelector("[data-not-sent]");
  if (!note) {
    note = document.createElement("p");
    note.className = "note note-error";
    note.dataset.notSent = "";
    note.setAttribute("role", "alert");
    note.tabIndex = -1;
    form.before(note);
  }
  note.textContent = words;
  note.focus();
  note.scrollIntoView({ block: "center" });
}

function chosenFiles(form) {
  const found = new Map();
  for (const input of form.querySelectorAll("input[type=file]")) if (input.files.length) found.set(input.name, [...input.files]);
  return found;
}

// Puts the files that were chosen before the refusal back into the form that came with it.
function offerAgain(main, files) {
  let lost = false;
  for (const [name, kept] of files) {
    const input = main.querySelector(`input[type=file][name="${CSS.escape(name)}"]`);
    if (!input || input.closest(".field-wrong")) {
      lost = true;
      continue;
    }
    try {
      const carrier = new DataTransfer();
      for (const file of kept) carrier.items.add(file);
      input.files = carrier.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } catch {
      lost = true;
    }
  }
  if (!lost) for (const note of main.querySelectorAll("[data-lost-files]")) note.remove();
}

function rerun(page) {
  again += 1;
  for (const script of page.querySelectorAll("body script[src]")) {
    const src = script.getAttribute("src");
    if (/\/(portal|bootstrap)[^/]*\.js/.test(src)) continue;
    if (script.type === "module") import(`${src}?again=${again}`);
    else {
      const copy = document.createElement("script");
      copy.src = `${src}?again=${again}`;
      document.body.append(copy);
    }
  }
}

function swap(page, url, files, begin) {
  for (const link of page.querySelectorAll("head link[rel=stylesheet]")) {
    if (!document.head.querySelector(`link[href="${link.getAttribute("href")}"]`)) document.head.append(document.importNode(link));
  }
  const main = document.importNode(page.querySelector("main"), true);
  document.querySelector("main").replaceWith(main);
  document.body.className = page.body.className;
  document.title = page.title;
  window.history.replaceState(null, "", url);
  begin(main);
  offerAgain(main, files);
  window.scrollTo(0, 0);
  if (!main.querySelector("[data-error-summary]")) main.focus();
  rerun(page);
}

// A page is asked for once. The address of this very page with a place in it would only scroll, so the place is kept for
// the page that comes.
const PLACE = "portal-place";

function goTo(url) {
  const there = new URL(url, window.location.href);
  const isHere = there.origin === window.location.origin && there.pathname === window.location.pathname && there.search === window.location.search;
  if (!isHere) {
    window.location.assign(there.href);
    return;
  }
  const page = there.pathname + there.search;
  try {
    if (there.hash) sessionStorage.setItem(PLACE, JSON.stringify({ page, hash: there.hash }));
  } catch {
    // without a store the page opens at its head
  }
  window.location.replace(page);
}

// Called once, before the page has loaded.
export function arrive() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(PLACE));
    sessionStorage.removeItem(PLACE);
  } catch {
    return;
  }
  if (kept && kept.page === window.location.pathname + window.location.search) window.location.replace(kept.hash);
}

// `begin(main)` sets a new <main> going; `clean(form)` forgets that a form was changed.
export function sendForms({ begin, clean }) {
  const running = new Set();
  const renewed = new WeakSet();

  // Gives true where the page is being left.
  async function send(form, button) {
    const action = (button && button.getAttribute("formaction")) || form.getAttribute("action") || window.location.href;
    const body = new FormData(form);
    if (button && button.name) body.append(button.name, button.value);
    const files = chosenFiles(form);
    const size = weight(form);
    const track = size ? bar(form, button, size) : null;
    try {
      const answer = await post(action, body, track && track.move);
      const go = answer.getResponseHeader("X-Portal-Go");
      const door = document.querySelector("form.sign-out[data-sign-in]");
      if (go && door && new URL(go, window.location.href).pathname === door.dataset.signIn) {
        askToSignIn(form, "signed_out", () => start(form, button));
        return false;
      }
      if (go) {
        clean(form);
        goTo(go);
        return true;
      }
      if (answer.getResponseHeader("X-Portal-Token")) {
        const why = renewed.has(form) ? "offline" : await renewToken();
        renewed.add(form);
        if (why === "offline") say(form, "没有提交成功，请检查网络后再点一次。内容都在本页。");
        else if (why) askToSignIn(form, why, () => start(form, button));
        else setTimeout(() => start(form, button), 0);
        return false;
      }
      const page = new DOMParser().parseFromString(answer.responseText, "text/html");
      const main = page.querySelector("main");
      const isOurs = main && (answer.getResponseHeader("Content-Type") || "").startsWith("text/html");
      if (!isOurs || answer.status >= 500 || (answer.status >= 400 && !main.querySelector("form[method=post]"))) {
        const said = isOurs && main.querySelector(".note, p");
        say(form, `没有提交成功。${said ? said.textContent.trim() : "请稍后再点一次。"}内容都在本页。`);
        return false;
      }
      clean(form);
      swap(page, answer.responseURL || action, files, begin);
    } catch {
      say(form, "没有连上，没有提交成功。内容都在本页，请检查网络后再点一次。");
    } finally {
      if (track) track.gone();
    }
    return false;
  }

  function start(form, button) {
    if (running.has(form)) return;
    running.add(form);
    const note = form.parentElement.querySelector("[data-not-sent]");
    if (note) note.remove();
    const kept = button ? [...button.childNodes] : [];
    if (button) {
      button.setAttribute("aria-busy", "true");
      button.setAttribute("aria-disabled", "true");
      button.replaceChildren(button.dataset.busy || "正在提交…");
    }
    const free = () => {
      running.delete(form);
      if (form.isConnected) form.dispatchEvent(new CustomEvent("not-sent"));
      if (!button) return;
      button.removeAttribute("aria-busy");
      button.removeAttribute("aria-disabled");
      button.replaceChildren(...kept);
    };
    send(form, button).then((isLeaving) => {
      if (!isLeaving) {
        free();
        return;
      }
      setTimeout(free, LEAVING);
      window.addEventListener("pageshow", free, { once: true });
    });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !sendsItself(form)) return;
    event.preventDefault();
    start(form, event.submitter || form.querySelector("button[type=submit], button:not([type])"));
  });
}
