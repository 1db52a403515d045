// Form manners: the error summary takes the focus, typed text is not lost by a slip, a form is sent once.

export function focusErrors(root) {
  const summary = root.querySelector("[data-error-summary]");
  if (!summary) return;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.focus({ preventScroll: true });
    (field.closest(".field") || field).scrollIntoView({ block: "center" });
  });
}

// form[data-guard]: leaving with changes asks first. A module that saves by itself calls `clean(form)`.
const dirty = new Set();
let isWatching = false;

export function clean(form) {
  dirty.delete(form);
}

export function guardForms(root) {
  const forms = root.querySelectorAll("form[data-guard]");
  if (!forms.length) return;
  for (const form of forms) {
    form.addEventListener("input", () => dirty.add(form));
    form.addEventListener("submit", () => dirty.delete(form));
  }
  if (isWatching) return;
  isWatching = true;
  window.addEventListener("beforeunload", (event) => {
    if (!dirty.size) return;
    event.preventDefault();
    event.returnValue = "";
  });
}

// A POST form is sent once; its button says so until the answer comes. Coming back to the page frees the button.
export function stopDoubleSubmit(root) {
  const busy = new Map();
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.dataset.plain !== undefined) return;
    if (busy.has(form)) {
      event.preventDefault();
      return;
    }
    const button = event.submitter || form.querySelector("button[type=submit], button:not([type])");
    busy.set(form, null);
    if (!button) return;
    const kept = [...button.childNodes];
    busy.set(form, { button, kept });
    // after the browser has collected the fields, so that the button's own name and value are sent
    setTimeout(() => {
      button.setAttribute("aria-busy", "true");
      button.setAttribute("aria-disabled", "true");
      button.replaceChildren(button.dataset.busy || "正在提交…");
    }, 0);
  });
  window.addEventListener("pageshow", () => {
    for (const state of busy.values()) {
      if (!state) continue;
      state.button.removeAttribute("aria-busy");
      state.button.removeAttribute("aria-disabled");
      state.button.replaceChildren(...state.kept);
    }
    busy.clear();
  });
}
