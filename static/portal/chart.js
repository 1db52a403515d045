// Draws a chart above every table that asks for one. The table is the source: without this script nothing is missing.
//
//   <table data-chart="bar|line|heat" data-unit="元">
//     <caption>title</caption>
//     <thead> the first column names the rows; columns with data-series are drawn </thead>
//
// A cell's number is its `data-value`, or else its text without thousands separators. `heat` shades the table's own cells.
// The picture is made as text and put in without inline styles, which the policy of the site forbids; what users wrote
// only ever becomes text of the picture.

const COLORS = ["#14564f", "#b06a00", "#6b4f8a", "#2f6f9f", "#8a2f2f"];
const STEPS = 5;

export function numberOf(cell) {
  const said = cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent;
  const value = Number.parseFloat(said.replace(/[,，\s]/g, ""));
  return Number.isFinite(value) ? value : null;
}

/** What a table says: `title`, `rows` (names), `series` [{name, values, words}]. The foot's sums are not drawn. */
export function readTable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = [...table.tBodies].reduce((all, part) => all.concat([...part.rows]), []);
  const drawn = heads.map((head, i) => ({ head, i })).filter(({ head }) => "series" in head.dataset);
  return {
    title: table.caption ? table.caption.textContent.trim() : "",
    rows: body.map((row) => row.cells[0].textContent.replace(/\s+/g, " ").trim()),
    series: drawn.map(({ head, i }) => ({
      name: head.textContent.trim().replace(/（元）$/, ""),
      values: body.map((row) => numberOf(row.cells[i])),
      words: body.map((row) => row.cells[i].textContent.trim()),
    })),
  };
}

function shorten(value) {
  return Math.abs(value) >= 10000 ? `${value / 10000}万` : String(value);
}

function options(told, kind, size, font, family) {
  const text = { fontSize: font, fontFamily: family, color: "#1c2826" };
  const names = {
    type: "category", data: told.rows, inverse: kind === "bar", axisTick: { show: false },
    axisLabel: { ...text, width: Math.max(72, Math.min(200, size.width * 0.28)), overflow: "break", interval: 0 },
  };
  const most = Math.max(0, ...told.series.map((s) => Math.max(...s.values.map((v) => v || 0))));
  const amounts = { type: "value", axisLabel: { ...text, formatter: shorten, hideOverlap: true }, splitNumber: size.width < 500 ? 2 : 5 };
  if (!most) amounts.max = 1;
  const room = kind === "bar" ? font * 7 : 24;
  return {
    animation: false,
    color: COLORS,
    textStyle: text,
    aria: { enabled: true, label: { enabled: false }, decal: { show: told.series.length > 1 || kind === "bar" } },
    legend: told.series.length > 1 ? { top: 0, left: 0, textStyle: text, itemWidth: 28 } : undefined,
    grid: { left: 8, right: room, top: told.series.length > 1 ? font * 2.6 : 8, bottom: 8, containLabel: true },
    xAxis: kind === "bar" ? amounts : names,
    yAxis: kind === "bar" ? names : amounts,
    series: told.series.map((one, n) => ({
      type: kind === "bar" ? "bar" : "line", name: one.name, data: one.values, barMaxWidth: 26, symbolSize: 8,
      symbol: ["circle", "rect", "triangle", "diamond"][n % 4], lineStyle: { width: 2.5, type: ["solid", "dashed", "dotted"][n % 3] },
      itemStyle: { borderColor: "#1c2826", borderWidth: kind === "bar" ? 0.5 : 0 },
      label: { show: true, position: kind === "bar" ? "right" : "top", ...text, fontSize: font * 0.875, formatter: (p) => one.words[p.dataIndex] },
    })),
  };
}

/** The picture as an element, its style attributes set one by one through the object model. */
function picture(source) {
  const plain = source.replace(/<style\b[\s\S]*?<\/style\s*>/g, "").replace(/\sstyle\s*=\s*(["'])([\s\S]*?)\1/g, ' data-look="$2"');
  const drawn = document.importNode(new DOMParser().parseFromString(plain, "text/html").querySelector("svg"), true);
  for (const part of [drawn, ...drawn.querySelectorAll("[data-look]")]) {
    if (part.dataset.look) part.style.cssText = part.dataset.look;
    delete part.dataset.look;
  }
  drawn.setAttribute("aria-hidden", "true");
  drawn.setAttribute("focusable", "false");
  return drawn;
}

function drawInto(frame, table) {
  const told = readTable(table);
  const kind = table.dataset.chart;
  const look = getComputedStyle(frame);
  const font = Math.max(13, Number.parseFloat(look.fontSize) * 0.8125);
  const width = Math.max(280, Math.floor(frame.clientWidth));
  const lines = told.rows.length * Math.max(1, told.series.length);
  const height = kind === "bar" ? Math.ceil(lines * font * 1.7 + told.rows.length * font + font * 5) : Math.ceil(font * 22);
  const chart = window.echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption(options(told, kind, { width, height }, font, look.fontFamily));
  frame.textContent = "";
  frame.append(picture(chart.renderToSVGString()));
  chart.dispose();
}

function shade(table) {
  const heads = [...table.tHead.rows[0].cells];
  const cells = [...table.tBodies].reduce((all, part) => all.concat([...part.rows]), [])
    .reduce((all, row) => all.concat([...row.cells].filter((_, i) => heads[i] && "series" in heads[i].dataset)), []);
  const most = Math.max(0, ...cells.map((cell) => numberOf(cell) || 0));
  for (const cell of cells) {
    const value = numberOf(cell) || 0;
    cell.classList.add(`heat-${value > 0 && most > 0 ? Math.max(1, Math.ceil((value / most) * STEPS)) : 0}`);
  }
}

export function drawCharts(root) {
  for (const table of root.querySelectorAll("table[data-chart]")) {
    if (table.dataset.chart === "heat") {
      shade(table);
    } else if (window.echarts && table.tBodies[0] && table.tBodies[0].rows.length) {
      const frame = document.createElement("div");
      frame.className = "chart";
      frame.setAttribute("role", "img");
      frame.setAttribute("aria-label", `${table.caption ? table.caption.textContent.trim() : "图"}：图中数字见下面的表格`);
      const box = table.closest(".table-box") || table;
      box.parentNode.insertBefore(frame, box);
      drawInto(frame, table);
      let last = frame.clientWidth;
      let waiting = 0;
      new ResizeObserver(() => {
        if (Math.abs(frame.clientWidth - last) < 8 || matchMedia("print").matches) return;
        last = frame.clientWidth;
        clearTimeout(waiting);
        waiting = setTimeout(() => drawInto(frame, table), 150);
      }).observe(frame);
    }
  }
}

drawCharts(document);
