// Figures over time: one band a series, one cursor through all, drag to look closer. The table holds every value.
const NS = "http://www.w3.org/2000/svg";
const BAND = 56;
const GAP = 14;
const LEFT = 4;

const make = (name, attributes = {}) => {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const html = (name, className, words = "") => {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = words;
  return element;
};
const figure = (value) => (value === null || value === undefined ? "no value" : Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(2) : String(Math.round(value * 1000) / 1000));

/** The least and the greatest of what is known from one place to another. */
function range(values, from, to) {
  let [least, greatest, known] = [Infinity, -Infinity, 0];
  for (let at = from; at <= to; at += 1) {
    const value = values[at];
    if (value === null) continue;
    known += 1;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return { least, greatest, known };
}

/** The path of a line; of many points to a pixel the extremes are drawn, so that no spike is lost. */
function path(values, from, to, width, least, greatest) {
  const span = Math.max(to - from, 1);
  const x = (at) => LEFT + ((at - from) / span) * (width - 2 * LEFT);
  const y = (value) => (greatest > least ? BAND - 3 - ((value - least) / (greatest - least)) * (BAND - 6) : BAND / 2);
  const each = Math.max(1, Math.floor(span / width));
  let words = "";
  let pen = "M";
  for (let at = from; at <= to; at += each) {
    const bucket = values.slice(at, Math.min(at + each, to + 1)).filter((value) => value !== null);
    if (!bucket.length) {
      pen = "M";
      continue;
    }
    for (const value of bucket.length > 2 ? [Math.min(...bucket), Math.max(...bucket)] : bucket) {
      words += `${pen}${x(at).toFixed(1)},${y(value).toFixed(1)}`;
      pen = "L";
    }
  }
  return words;
}

export function draw(plot) {
  if (plot.dataset.drawn) return;
  plot.dataset.drawn = "1";
  const { series } = JSON.parse(plot.querySelector("script").textContent);
  const hidden = new Set(series.filter((one) => one.values.every((value) => value === one.values[0])).map((one) => one.name));
  if (hidden.size === series.length) hidden.clear();
  const longest = Math.max(...series.map((one) => one.values.length));
  const times = series.find((one) => one.values.length === longest).times;
  let [from, to, cursor] = [0, longest - 1, null];

  const legend = html("div", "plot__legend");
  const stage = html("div", "plot__stage");
  const foot = html("div", "plot__foot");
  const words = html("span", "");
  words.setAttribute("role", "status");
  const back = html("button", "btn btn--small", "Show all of it");
  back.type = "button";
  foot.append(words, back);
  plot.append(legend, stage, foot);
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "Chart. Arrow keys move the cursor, plus and minus look closer or less close, 0 shows all of it.");

  const shown = () => series.filter((one) => !hidden.has(one.name));
  for (const one of series) {
    const button = html("button", "plot__name", one.name);
    button.type = "button";
    button.setAttribute("aria-pressed", String(!hidden.has(one.name)));
    button.addEventListener("click", () => {
      if (hidden.has(one.name)) hidden.delete(one.name);
      else if (shown().length > 1) hidden.add(one.name);
      button.setAttribute("aria-pressed", String(!hidden.has(one.name)));
      paint();
    });
    legend.append(button);
  }

  let svg;
  let line;
  let veil;
  let width = 0;
  const place = (at) => LEFT + ((at - from) / Math.max(to - from, 1)) * (width - 2 * LEFT);
  const under = (event) => {
    const box = stage.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / Math.max(box.width - 2 * LEFT, 1);
    return Math.round(from + Math.min(Math.max(share, 0), 1) * (to - from));
  };

  function point(at) {
    cursor = at;
    if (!svg) return;
    line.setAttribute("visibility", at === null ? "hidden" : "visible");
    if (at !== null) line.setAttribute("d", `M${place(at)},0V${svg.viewBox.baseVal.height}`);
    for (const [number, one] of shown().entries()) {
      const tag = svg.querySelectorAll(".plot__value")[number];
      const { least, greatest, known } = range(one.values, from, to);
      tag.textContent = at === null ? (known ? `${figure(least)} – ${figure(greatest)}  n = ${known}` : "no value here") : figure(one.values[at]);
    }
    words.textContent = at === null ? `${times[from]} – ${times[to]} · ${to - from + 1} of ${longest} points` : times[at];
  }

  function paint() {
    const lines = shown();
    width = Math.max(Math.round(stage.clientWidth), 200);
    const height = lines.length * (BAND + GAP + 4);
    svg = make("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot__svg", "aria-hidden": "true" });
    svg.style.height = `${height}px`;
    for (const [number, one] of lines.entries()) {
      const { least, greatest } = range(one.values, from, to);
      const band = make("g", { transform: `translate(0 ${number * (BAND + GAP + 4)})` });
      const name = make("text", { x: LEFT, y: 11, class: "plot__label" });
      name.textContent = one.name;
      const value = make("text", { x: width - LEFT, y: 11, class: "plot__value", "text-anchor": "end" });
      const drawing = make("g", { transform: `translate(0 ${GAP})` });
      drawing.append(make("rect", { width, height: BAND, class: "plot__ground" }));
      if (greatest >= least) drawing.append(make("path", { d: path(one.values, from, to, width, least, greatest), class: "plot__line" }));
      band.append(drawing, name, value);
      svg.append(band);
    }
    veil = make("rect", { class: "plot__veil", y: 0, height, visibility: "hidden" });
    line = make("path", { class: "plot__cursor", visibility: "hidden" });
    svg.append(veil, line);
    stage.replaceChildren(svg);
    back.hidden = from === 0 && to === longest - 1;
    point(cursor !== null && cursor >= from && cursor <= to ? cursor : null);
  }

  function look(start, end) {
    if (end - start < 2) return;
    [from, to] = [Math.max(start, 0), Math.min(end, longest - 1)];
    paint();
  }

  let pressed = null;
  stage.addEventListener("pointerdown", (event) => {
    pressed = under(event);
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    point(under(event));
    if (pressed === null) return;
    const [a, b] = [place(Math.min(pressed, cursor)), place(Math.max(pressed, cursor))];
    veil.setAttribute("x", a);
    veil.setAttribute("width", b - a);
    veil.setAttribute("visibility", "visible");
  });
  stage.addEventListener("pointerup", (event) => {
    const [start, end] = [pressed, under(event)].sort((a, b) => a - b);
    pressed = null;
    veil.setAttribute("visibility", "hidden");
    look(start, end);
  });
  stage.addEventListener("pointercancel", () => { pressed = null; });
  stage.addEventListener("pointerleave", () => { if (pressed === null) point(null); });
  stage.addEventListener("dblclick", () => look(0, longest - 1));
  stage.addEventListener("keydown", (event) => {
    const quarter = Math.max(Math.round((to - from) / 4), 1);
    const middle = cursor ?? Math.round((from + to) / 2);
    if (event.key === "ArrowLeft") point(Math.max((cursor ?? to + 1) - 1, from));
    else if (event.key === "ArrowRight") point(Math.min((cursor ?? from - 1) + 1, to));
    else if (event.key === "Home") point(from);
    else if (event.key === "End") point(to);
    else if (event.key === "+" || event.key === "=") look(middle - quarter, middle + quarter);
    else if (event.key === "-") look(from - quarter * 2, to + quarter * 2);
    else if (event.key === "0") look(0, longest - 1);
    else return;
    event.preventDefault();
  });
  stage.addEventListener("blur", () => point(null));
  back.addEventListener("click", () => look(0, longest - 1));
  new ResizeObserver(() => { if (Math.round(stage.clientWidth) !== width) paint(); }).observe(stage);
  paint();
}
