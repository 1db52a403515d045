// The sign-in that ends while somebody types: told on the page, renewed on the page, and nothing typed is lost.

function signedIn() {
  return document.querySelector("form.sign-out[data-person]");
}

// A fresh token for the forms of this page. "" when it is there; else `signed_out`, `other_person` or `offline`.
export async function renewToken() {
  const here = signedIn();
  let answer;
  try {
    answer = await fetch(window.location.href, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
  } catch {
    return "offline";
  }
  if (answer.type === "opaqueredirect") return "signed_out";
  if (!answer.ok) return "offline";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const there = page.querySelector("form.sign-out[data-person]");
  if (here && !there) return "signed_out";
  if (here && here.dataset.person !== there.dataset.person) return "other_person";
  const fresh = page.querySelector("input[name=csrfmiddlewaretoken]");
  if (!fresh) return "offline";
  for (const old of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) old.value = fresh.value;
  return "";
}

export const AWAY = {
  signed_out: "登录已过期，还没有保存。写的内容都在本页，请重新登录。",
  other_person: "这台设备上已换成另一个人登录，没有提交。请让本人重新登录。",
};

// Goes on once the person comes back to this page and is signed in.
function onReturn(box, then) {
  document.addEventListener("visibilitychange", async function look() {
    if (document.hidden) return;
    if (box.isConnected && await renewToken()) return;
    document.removeEventListener("visibilitychange", look);
    if (!box.isConnected) return;
    box.remove();
    then();
  });
}

// Says beside `form` that its person is signed out, with the server's own sign-in form; `then` runs once signed in again.
export async function askToSignIn(form, why, then) {
  let box = document.querySelector("[data-signed-out]");
  if (box) box.remove();
  box = document.createElement("section");
  box.className = "note note-warning signed-out";
  box.dataset.signedOut = why;
  box.setAttribute("role", "alert");
  box.tabIndex = -1;
  const words = document.createElement("div");
  const line = document.createElement("p");
  line.textContent = AWAY[why];
  words.append(line);
  box.append(words);
  form.before(box);
  box.focus();
  box.scrollIntoView({ block: "center" });
  const href = signedIn().dataset.signIn;
  const answer = await fetch(href, { credentials: "same-origin", redirect: "manual", cache: "no-store" }).catch(() => null);
  const page = answer && answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const door = page && page.querySelector("main form[method=post]");
  if (!door) { // signed in as another person, or no network: the usual page, beside this one
    const link = document.createElement("a");
    link.href = href;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = "在新窗口打开登录页";
    words.append(link);
    onReturn(box, then);
    return;
  }
  for (const part of door.querySelectorAll("[id]")) part.id = `again_${part.id}`;
  for (const part of door.querySelectorAll("label[for]")) part.htmlFor = `again_${part.htmlFor}`;
  for (const part of door.querySelectorAll("[aria-describedby]")) part.removeAttribute("aria-describedby");
  door.dataset.plain = "";
  door.className = "sign-in-again";
  const told = document.createElement("p");
  told.className = "text-danger";
  told.setAttribute("aria-live", "polite");
  door.append(told);
  words.append(door);
  const first = door.querySelector("input:not([type=hidden])");
  if (first) first.focus();
  door.addEventListener("submit", async (event) => {
    event.preventDefault();
    told.textContent = "正在登录…";
    const tried = await fetch(href, { method: "POST", body: new FormData(door), credentials: "same-origin", redirect: "manual" }).catch(() => null);
    if (!tried) {
      told.textContent = "没有连上，请检查网络后再试。";
      return;
    }
    if (tried.type !== "opaqueredirect") {
      const said = new DOMParser().parseFromString(await tried.text(), "text/html");
      const fault = said.querySelector(".error-summary li, .invalid-feedback, main p");
      told.textContent = fault ? fault.textContent.trim() : "没有登录成功，请重试。";
      return;
    }
    const now = await renewToken();
    if (now) {
      if (now === "signed_out") { // a second step is asked, or the password has to be changed: that needs a page of its own
        told.textContent = "还差一步：请在新窗口完成登录，再回到本页继续写。";
        const link = document.createElement("a");
        link.href = href;
        link.target = "_blank";
        link.rel = "noopener";
        link.textContent = "在新窗口完成登录";
        if (!door.querySelector("a[target]")) {
          door.append(link);
          onReturn(box, then);
        }
        return;
      }
      told.textContent = AWAY[now] || "没有连上，请检查网络后再试。";
      return;
    }
    box.remove();
    then();
  });
}
