// The save-state line of parts/save_state.html. One place for its words, so that every page speaks alike:
//   const line = saveState(document.querySelector("[data-save-state]"));
//   line.local(); line.sending(); line.saved("2026-11-23T14:03:22+08:00"); line.retrying(); line.locked(); line.refused(why);
// "已送达" is said only with the time that the server answered.

const WORDS = {
  idle: "尚未修改",
  local: "已存本机",
  sending: "发送中",
  saved: "已送达",
  retrying: "未保存，正在重试",
  locked: "已锁定，不能再修改",
  refused: "未保存",
};

// HH:MM:SS in Beijing, whatever the zone of the device.
export function clock(moment) {
  const t = new Date(Date.parse(moment) + 8 * 3600 * 1000);
  return t.toISOString().slice(11, 19);
}

export function saveState(element) {
  const place = element.querySelector("[data-save-words]");

  function show(state, words = WORDS[state]) {
    for (const known of Object.keys(WORDS)) element.classList.toggle(`save-${known}`, known === state);
    element.dataset.saveState = state;
    if (place.textContent !== words) place.textContent = words;
  }

  return {
    idle: () => show("idle"),
    local: (waiting = 0) => show("local", waiting > 1 ? `已存本机，${waiting} 项待发送` : WORDS.local),
    sending: () => show("sending"),
    saved: (moment) => show("saved", `已送达 ${clock(moment)}`),
    retrying: (waiting = 0) => show("retrying", waiting > 1 ? `${WORDS.retrying}（${waiting} 项）` : WORDS.retrying),
    locked: () => show("locked"),
    refused: (why) => show("refused", `${WORDS.refused}：${why}`),
    get state() {
      return element.dataset.saveState;
    },
  };
}

// For trying it out on the gallery page: buttons with data-save-demo drive the line beside them.
for (const button of document.querySelectorAll("[data-save-demo]")) {
  const line = saveState(document.querySelector(`#${button.dataset.saveLine} [data-save-state]`));
  button.addEventListener("click", () => {
    const state = button.dataset.saveDemo;
    if (state === "saved") line.saved(button.dataset.now);
    else line[state](2);
  });
}
