// Shows the fields of the chosen method only. A part with a refused field stays open, whatever is chosen.
const form = document.querySelector("form[data-plan]");

function refresh() {
  const chosen = form.querySelector("input[name=method]:checked");
  for (const part of form.querySelectorAll("[data-methods]")) {
    const wanted = !chosen || part.dataset.methods.split(" ").includes(chosen.value);
    part.hidden = !wanted && !part.querySelector(".is-invalid, .invalid-feedback");
  }
}

if (form) {
  form.addEventListener("change", refresh);
  refresh();
}
