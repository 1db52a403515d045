// One control for files: our own words over the browser's, the names and sizes of what was chosen, and a refusal at once where
// the server would refuse. input[type=file] goes on doing the work: keyboard, camera, drop. Without this module it stands alone.
//
// data-kinds (endings), data-named (how people call them), data-megabytes, data-most, data-unit come from core/uploads.py.
const MEGABYTE = 1024 * 1024;
const chosen = new WeakMap(); // input → its files, as far as they were taken

function element(name, className, words = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = words;
  return made;
}

export function weighed(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < MEGABYTE ? `${Math.round(bytes / 1024)} KB` : `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

const unitOf = (input) => input.dataset.unit || "个";
const most = (input) => (input.multiple ? Number(input.dataset.most) || Infinity : 1);
const isSame = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;

function ownWords(input) {
  if (input.hasAttribute("capture")) return "拍照";
  return unitOf(input) === "张" ? "选择照片" : "选择文件";
}

// Why a file cannot be taken, or nothing.
function trouble(input, file) {
  const { kinds, named, megabytes } = input.dataset;
  const dot = file.name.lastIndexOf(".");
  const ending = dot < 0 ? "" : file.name.slice(dot + 1).toLowerCase();
  const isKnown = !kinds || kinds.split(" ").includes(ending) || (!ending && input.accept.split(",").includes(file.type));
  if (!isKnown) return `“${file.name}”不能上传，只收 ${named}。`;
  if (!file.size) return `“${file.name}”是空的，请换一个。`;
  if (megabytes && file.size > Number(megabytes) * MEGABYTE) {
    return `“${file.name}”有 ${(file.size / MEGABYTE).toFixed(1)} MB，每${unitOf(input)}不能超过 ${megabytes} MB，请换一个小些的。`;
  }
  return "";
}

function put(input, files) {
  try {
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
  } catch {
    if (files.length !== input.files.length) input.value = "";
  }
  chosen.set(input, [...input.files]);
}

function take(input) {
  const given = [...input.files];
  const files = input.multiple ? [...(chosen.get(input) || [])] : []; // choosing again adds: some telephones give one at a time
  const refused = [];
  const over = [];
  for (const file of given) {
    if (files.some((one) => isSame(one, file))) continue;
    const why = trouble(input, file);
    if (why) refused.push(why);
    else if (files.length >= most(input)) over.push(`“${file.name}”`);
    else files.push(file);
  }
  if (over.length) refused.push(`最多 ${most(input)} ${unitOf(input)}，${over.join("")}没有加上。要换的，先去掉一${unitOf(input)}。`);
  put(input, files);
  return refused.join("");
}

function show(input, refused = "") {
  const box = input.closest("[data-picker]");
  const files = [...input.files];
  const unit = unitOf(input);
  const sum = weighed(files.reduce((size, file) => size + file.size, 0));
  const told = files.length ? `已选 ${files.length} ${unit}，共 ${sum}` : `没有选择${unit === "张" ? "照片" : "文件"}`;
  box.querySelector("[data-picker-button]").textContent = files.length ? (input.multiple ? "再选" : "换一个") : ownWords(input);
  box.querySelector("[data-picker-told]").textContent = told;
  const list = box.querySelector("[data-picker-list]");
  list.hidden = !files.length;
  list.replaceChildren(...files.map((file, i) => {
    const row = element("li", "");
    const away = element("button", "btn btn-sm btn-outline-danger", "去掉");
    away.type = "button";
    away.append(element("span", "visually-hidden", file.name));
    away.addEventListener("click", () => {
      put(input, [...input.files].filter((_, k) => k !== i));
      show(input);
      input.focus();
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    row.append(element("span", "picker-name", file.name), element("span", "quiet num", weighed(file.size)), away);
    return row;
  }));
  box.querySelector("[data-picker-said]").textContent = files.length ? `${told}：${files.map((file) => file.name).join("、")}` : "";
  const old = document.getElementById(`${input.id}_heavy`);
  if (old) old.remove();
  if (!refused) return;
  const note = element("p", "field-error", refused);
  note.id = `${input.id}_heavy`;
  note.setAttribute("role", "alert");
  box.querySelector(".picker-pad").after(note);
}

function dress(input) {
  if (input.closest("[data-picker]")) return;
  const box = element("div", "picker");
  box.dataset.picker = "";
  const pad = element("div", "picker-pad");
  const face = element("div", "picker-face");
  face.setAttribute("aria-hidden", "true");
  const button = element("span", "btn btn-outline-primary");
  button.dataset.pickerButton = "";
  const told = element("span", "quiet");
  told.dataset.pickerTold = "";
  face.append(button, told);
  const list = element("ul", "picker-list");
  list.dataset.pickerList = "";
  list.setAttribute("aria-label", "已选好的");
  const said = element("p", "visually-hidden");
  said.dataset.pickerSaid = "";
  said.setAttribute("aria-live", "polite");
  input.before(box);
  input.classList.add("picker-input");
  input.title = ownWords(input); // instead of the browser's own hint
  pad.append(input, face);
  box.append(pad, list, said);
  input.addEventListener("change", () => show(input, take(input)));
  if (input.files.length) put(input, [...input.files]);
  show(input);
}

export function dressFiles(root) {
  for (const input of root.querySelectorAll("input[type=file]")) dress(input);
}

// Coming back to a page, the browser puts the files back without a word.
window.addEventListener("pageshow", () => {
  for (const input of document.querySelectorAll("[data-picker] input[type=file]")) {
    chosen.set(input, [...input.files]);
    show(input);
  }
});
