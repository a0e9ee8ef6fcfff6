// The curves of training. `props.value` is {runs, diversity} of training_view.py; {} before the first
// look. Drawn by hand, as gradio's charts have no logarithmic axis; the tables are gradio's.

const state = { run: 0 };
const SERIES = ["#6366f1", "#d55e00", "#0f9d74", "#cc79a7"]; // told apart by the colour-blind too

function compact(value) {
  if (value >= 1e6) return Number((value / 1e6).toFixed(2)) + "M";
  if (value >= 1e4) return Number((value / 1e3).toFixed(1)) + "k";
  return String(Number(value.toPrecision(4)));
}

// Round numbers from low to high, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((candidate) => candidate >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step)
    found.push(Number(tick.toPrecision(12)));
  return found;
}

// Powers of ten, and what is three times as much, from low to high.
function powers(low, high) {
  const found = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10)
    found.push(power, 3 * power);
  return found.filter((tick) => tick >= low && tick <= high);
}

// series: [{name, x, y, points: true for marks instead of a bare line}]
function lineChart(title, series, xTitle, isLog, start) {
  const figure = node("figure", "chart");
  const room = element.clientWidth || 1116;
  const width = room > 900 ? Math.floor((room - 28) / 2) : room; // two side by side
  const [left, right, top, bottom, height] = [46, 12, 10, 34, 240];
  const xs = series.flatMap((s) => s.x).concat(start);
  const ys = series.flatMap((s) => s.y).filter(Number.isFinite);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const pad = (high - low) * 0.06 || 0.05;
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), low - pad, high + pad];
  const place = (x) => (isLog ? Math.log(x / x0) / Math.log(x1 / x0) : (x - x0) / (x1 - x0)) || 0;
  const px = (x) => left + place(x) * (width - left - right);
  const py = (y) => top + ((y1 - y) / (y1 - y0)) * (height - top - bottom);

  const svg = shape("svg", { viewBox: "0 0 " + width + " " + height, width, height, role: "img" });
  svg.setAttribute("aria-label", title);
  for (const tick of ticks(y0, y1, 5)) {
    const line = { x1: left, x2: width - right, y1: py(tick), y2: py(tick), class: "gridline" };
    svg.append(shape("line", line));
    svg.append(label(compact(tick), { x: left - 6, y: py(tick) + 4, "text-anchor": "end" }));
  }
  const below = isLog ? powers(x0, x1) : ticks(x0, x1, width < 420 ? 4 : 6);
  for (const tick of below)
    svg.append(label(compact(tick), { x: px(tick), y: height - 18, "text-anchor": "middle" }));
  svg.append(label(xTitle, { x: width - right, y: height - 4, "text-anchor": "end" }));
  series.forEach(({ x, y, points }, k) => {
    const path = x.map((value, i) => (i ? "L" : "M") + px(value) + " " + py(y[i])).join("");
    const looks = { fill: "none", stroke: SERIES[k], "stroke-width": points ? 2 : 1.5 };
    svg.append(shape("path", { d: path, class: "curve", ...looks }));
    if (points)
      x.forEach((value, i) =>
        svg.append(shape("circle", { cx: px(value), cy: py(y[i]), r: 3, fill: SERIES[k] })),
      );
  });
  const hair = shape("line", { y1: top, y2: height - bottom, class: "hair", visibility: "hidden" });
  svg.append(hair);

  const legend = node("div", "legends");
  const readings = series.map(({ name }, k) => {
    const item = node("span", "key");
    const swatch = node("span", "swatch");
    swatch.style.background = SERIES[k];
    const reading = node("strong");
    item.append(swatch, name + " ", reading);
    legend.append(item);
    return reading;
  });
  const where = node("span", "hint place");
  legend.append(where);
  const read = (x) => {
    series.forEach((s, k) => {
      let nearest = 0;
      s.x.forEach((value, i) => {
        if (Math.abs(value - x) < Math.abs(s.x[nearest] - x)) nearest = i;
      });
      readings[k].textContent = compact(s.y[nearest]);
    });
    where.textContent = "at " + compact(x) + " " + xTitle;
    hair.setAttribute("x1", px(x));
    hair.setAttribute("x2", px(x));
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const along = (((event.clientX - box.left) / box.width) * width - left) / (width - left - right);
    const part = Math.min(Math.max(along, 0), 1);
    hair.setAttribute("visibility", "visible");
    read(isLog ? x0 * (x1 / x0) ** part : x0 + part * (x1 - x0));
  });
  svg.addEventListener("pointerleave", () => {
    hair.setAttribute("visibility", "hidden");
    read(x1);
  });
  read(x1);
  figure.style.width = width + "px";
  figure.append(node("figcaption", "", title), legend, svg);
  return figure;
}

function choice() {
  const heading = node("div", "panel-heading");
  const group = node("span", "tools choice");
  heading.append(group);
  props.value.runs.forEach(({ title }, k) => {
    const button = node("button", "", title);
    button.type = "button";
    button.setAttribute("aria-pressed", k === state.run);
    button.addEventListener("click", () => {
      state.run = k;
      draw();
      element.querySelectorAll(".choice button")[k].focus();
    });
    group.append(button);
  });
  return heading;
}

function draw() {
  const root = element.querySelector(".panel");
  const { runs, diversity } = props.value || {};
  root.replaceChildren();
  if (!runs) return;
  if (!runs.length) {
    root.append(node("p", "hint", "There are no logs beside these weights."));
    return;
  }
  state.run = Math.min(state.run, runs.length - 1);
  const grid = node("div", "charts");
  const { charts } = runs[state.run];
  const [start] = charts[0].series[0].x; // all charts have the axis of the whole run
  for (const { title, series } of charts)
    grid.append(lineChart(title, series, "tokens read", true, start));
  if (diversity.length && state.run === 0)
    grid.append(lineChart("How varied its text is", diversity, "temperature", false, []));
  root.append(choice(), grid);
}

onThemeChange(draw);
watch("value", draw);
draw();
