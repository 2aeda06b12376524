/* Charts as SVG: prices with what happened on them, lines over time, bars.

   Prices and amounts come as decimal strings and become numbers for pixels only. Looks come from
   theme.css, by the class that is a mark's or line's kind. Times are milliseconds since 1970, UTC. */

const SVG = "http://www.w3.org/2000/svg";
const TOP = 12;
const BOTTOM = 38;
const RIGHT = 14;
const WIDE = 520; // from here on there is room for names beside the prices
const CELL = 4; // marks of a kind within as many pixels are drawn as one
const DENSE = 150; // so many marks are drawn smaller, and sooner as one

/** Price over time as a band from low to high and a line, with marks and horizontal levels.

   A level's text stands at the right edge, unless the level has an end or `named` says otherwise. */
export function priceChart({ label, width, height, series = [], marks = [], levels = [] }) {
  const points = series.map(({ time, low, high, last }) => (
    { time: Number(time), low: Number(low), high: Number(high), last: Number(last) }
  ));
  const times = bounds([
    ...points.map((point) => point.time),
    ...marks.map((mark) => Number(mark.time)),
    ...levels.flatMap(({ from, to }) => [from, to].filter((time) => time != null).map(Number)),
  ]);
  const prices = bounds([
    ...points.flatMap((point) => [point.low, point.high]),
    ...marks.map((mark) => Number(mark.price)),
    ...levels.map((level) => Number(level.price)),
  ]);
  const chart = root(label, width, height);
  if (!prices) return withoutData(chart, width, height, "no prices");
  const names = levels.filter(isNamed).map((level) => level.text.length);
  const beside = width < WIDE || names.length === 0 ? 0 : Math.max(...names) * 7 + 8;
  const frame = timeFrame(chart, width, height, times ?? [0, 0], prices, "", beside);
  const { x, y } = frame;
  if (points.length > 0) {
    const upper = points.map((point) => at(x(point.time), y(point.high)));
    const lower = points.map((point) => at(x(point.time), y(point.low))).reverse();
    const price = node("g", { class: "price" });
    price.append(
      node("path", { class: "band", d: `M${[...upper, ...lower].join("L")}Z` }),
      path("line", points.map((point) => at(x(point.time), y(point.last)))),
    );
    chart.append(price);
  }
  drawLevels(chart, frame, levels);
  drawMarks(chart, frame, marks);
  return chart;
}

/** One or more values over time; `fill` shades each from zero, or from below where zero is out. */
export function lineChart({ label, width, height, series = [], unit = "", fill = false }) {
  const lines = series.map(({ name, kind, points }) => ({
    name,
    kind,
    points: points.map(({ time, value }) => ({ time: Number(time), value: Number(value) })),
  }));
  const every = lines.flatMap((line) => line.points);
  const values = bounds(every.map((point) => point.value));
  const chart = root(label, width, height);
  if (!values) return withoutData(chart, width, height, "no values");
  const times = bounds(every.map((point) => point.time));
  const { x, y, floor } = timeFrame(chart, width, height, times, values, unit);
  lines.forEach((line, number) => {
    if (line.points.length === 0) return;
    const group = node("g", { class: line.kind });
    group.append(titled(line.name));
    const places = line.points.map((point) => at(x(point.time), y(point.value)));
    if (fill) {
      const base = Math.min(Math.max(y(0), TOP), floor);
      const first = at(x(line.points[0].time), base);
      const last = at(x(line.points.at(-1).time), base);
      group.append(node("path", { class: "area", d: `M${[first, ...places, last].join("L")}Z` }));
    }
    group.append(path(`line ${DASHES[number] ?? "third"}`, places));
    chart.append(group);
  });
  if (lines.length > 1) drawLegend(chart, lines);
  return chart;
}

/** Values side by side, from zero up or down. */
export function barChart({ label, width, height, bars = [], unit = "" }) {
  const chart = root(label, width, height);
  const values = bounds([0, ...bars.map((bar) => Number(bar.value))]);
  if (bars.length === 0) return withoutData(chart, width, height, "no values");
  const { y, left, right, floor } = valueFrame(chart, width, height, values, unit);
  const step = (right - left) / bars.length;
  const widest = Math.max(...bars.map((bar) => bar.text.length)) * 5.6 + 4;
  const labelled = Math.ceil(widest / step);
  bars.forEach((bar, index) => {
    const value = Number(bar.value);
    const edges = [y(0), y(value)].sort((a, b) => a - b);
    const shape = node("rect", {
      class: `bar ${bar.kind}`,
      x: round(left + index * step + step * 0.12),
      width: round(Math.max(1, step * 0.76)),
      y: round(edges[0]),
      height: round(edges[1] - edges[0]),
    });
    shape.append(titled(`${bar.text}: ${bar.value} ${unit}`.trim()));
    chart.append(shape);
    const middle = left + (index + 0.5) * step;
    if (index % labelled === 0) {
      const half = bar.text.length * 3;
      const inside = Math.min(Math.max(middle, half), width - half);
      chart.append(text(bar.text, inside, floor + 16, "middle"));
    }
    if (step >= 34) {
      const above = value < 0 ? edges[1] + 13 : edges[0] - 4;
      chart.append(text(grouped(String(bar.value)), middle, above, "middle"));
    }
  });
  return chart;
}

/** Draws into a container at its own width, now and whenever that changes; returns a redraw. */
export function fitted(container, draw) {
  let width = 0;
  const redraw = () => {
    if (width > 0) container.replaceChildren(draw(width));
  };
  new ResizeObserver(([entry]) => {
    const now = Math.max(240, Math.round(entry.contentRect.width));
    if (now === width || entry.contentRect.width === 0) return;
    width = now;
    redraw();
  }).observe(container);
  return redraw;
}

/** Round steps that cut a range into at most so many parts. */
export function ticks(low, high, most) {
  if (!(high > low)) return [{ value: low, text: grouped(String(low)) }];
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((it) => it >= rough * 0.999);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) {
    found.push({ value: n * step, text: grouped((n * step).toFixed(Math.min(decimals, 20))) });
  }
  return found;
}

/** Round moments in UTC within a range, at most so many. */
export function timeTicks(from, to, most) {
  const rough = (to - from) / Math.max(1, most);
  const months = MONTHS.find((count) => count * 30 * DAY >= rough) ?? 120;
  const step = STEPS.find((it) => it >= rough);
  const found = [];
  if (step === undefined) {
    const start = new Date(from);
    const first = start.getUTCFullYear() * 12 + start.getUTCMonth();
    for (let month = Math.ceil(first / months) * months; ; month += months) {
      const time = Date.UTC(Math.floor(month / 12), month % 12);
      if (time > to) return found;
      if (time >= from) found.push({ time, text: new Date(time).toISOString().slice(0, 7) });
    }
  }
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    found.push({ time, text: timeText(time, step) });
  }
  return found;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 4, 7, 14].map((count) => count * DAY),
];
const MONTHS = [1, 2, 3, 6, 12, 24, 60];
const DASHES = ["first", "second", "third"];

/** Outlines around (0, 0), one a kind, so that no two differ by colour alone. */
const SHAPES = {
  entry: "M-4-6L6 0L-4 6Z",
  rung: "M0-6L5 0L0 6L-5 0Z",
  stop: "M-6-3H6V3H-6Z",
  exit: "M-5-5L5 5M-5 5L5-5",
  note: "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0-4 0Z",
};

function drawLevels(chart, { x, y, left, right, floor, beside }, levels) {
  const labels = [];
  for (const level of levels) {
    const height = y(Number(level.price));
    const start = level.from == null ? left : Math.max(left, x(Number(level.from)));
    const end = level.to == null ? right : Math.min(right, x(Number(level.to)));
    const group = node("g", { class: `level ${level.kind}` });
    const across = path("level-line", [at(start, height), at(end, height)]);
    group.append(titled(level.text), across);
    chart.append(group);
    if (isNamed(level)) labels.push({ group, height: height + (beside ? 4 : -4), text: level.text });
  }
  labels.sort((one, other) => one.height - other.height);
  const [edge, anchor] = beside ? [right + 6, "start"] : [right - 2, "end"];
  let lowest = TOP - 6;
  for (const label of labels) {
    lowest = Math.min(Math.max(label.height, lowest + 13), floor - 2);
    label.group.append(text(label.text, edge, lowest, anchor));
  }
}

/** What ended in the past is told by its title; names stand where a level still holds. */
function isNamed(level) {
  return level.named ?? level.to == null;
}

function drawMarks(chart, { x, y }, marks) {
  const dense = marks.length > DENSE;
  const size = dense ? CELL * 2 : CELL;
  const cells = new Map();
  for (const mark of marks) {
    const [left, top] = [x(Number(mark.time)), y(Number(mark.price))];
    const cell = `${mark.kind} ${Math.round(left / size)} ${Math.round(top / size)}`;
    const known = cells.get(cell);
    if (known) known.texts.push(mark.text);
    else cells.set(cell, { left, top, kind: mark.kind, texts: [mark.text] });
  }
  for (const { left, top, kind, texts } of cells.values()) {
    const transform = `translate(${at(left, top)})${dense ? " scale(0.65)" : ""}`;
    const group = node("g", { class: `symbol-of ${kind}`, transform });
    const more = texts.length > 8 ? [`and ${texts.length - 8} more here`] : [];
    group.append(titled([...texts.slice(0, 8), ...more].join("\n")));
    group.append(node("path", { class: "symbol", d: SHAPES[kind] ?? SHAPES.note }));
    chart.append(group);
  }
}

function drawLegend(chart, lines) {
  let left = 70;
  lines.forEach((line, number) => {
    const group = node("g", { class: `legend ${line.kind}` });
    group.append(path(`line ${DASHES[number] ?? "third"}`, [at(left, 8), at(left + 22, 8)]));
    group.append(text(line.name, left + 28, 12, "start"));
    chart.append(group);
    left += 44 + line.name.length * 7;
  });
}

/** Axes of value and time; returns the scales and the edges of what they enclose. */
function timeFrame(chart, width, height, [from, to], values, unit, beside = 0) {
  const frame = valueFrame(chart, width, height, values, unit, beside);
  const { left, right, floor } = frame;
  const [start, end] = from === to ? [from - SECOND, to + SECOND] : [from, to];
  const x = (time) => left + ((time - start) / (end - start)) * (right - left);
  for (const tick of timeTicks(start, end, Math.floor((right - left) / 80))) {
    const place = x(tick.time);
    chart.append(path("grid", [at(place, TOP), at(place, floor)]));
    const anchor = place < left + 24 ? "start" : place > right - 24 ? "end" : "middle";
    chart.append(text(tick.text, place, floor + 16, anchor));
  }
  const days = [start, end].map((time) => new Date(time).toISOString().slice(0, 10));
  const spanned = days[0] === days[1] ? days[0] : `${days[0]} to ${days[1]}`;
  chart.append(text(`${spanned}, UTC`, left, floor + 32, "start"));
  return { ...frame, x };
}

function valueFrame(chart, width, height, [low, high], unit, beside = 0) {
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  const bottom = low === 0 ? 0 : low - room;
  const top = high === 0 && low < 0 ? 0 : high + room;
  const floor = height - BOTTOM;
  const marked = ticks(bottom, top, Math.max(2, Math.floor((floor - TOP) / 42)));
  const widest = Math.max(...marked.map((tick) => tick.text.length));
  const left = Math.min(14 + widest * 7, width / 3);
  const right = width - Math.max(RIGHT, beside);
  const y = (value) => floor - ((value - bottom) / (top - bottom)) * (floor - TOP);
  for (const tick of marked) {
    chart.append(path("grid", [at(left, y(tick.value)), at(right, y(tick.value))]));
    chart.append(text(tick.text, left - 6, y(tick.value) + 4, "end"));
  }
  chart.append(path("axis", [at(left, TOP), at(left, floor), at(right, floor)]));
  if (unit) chart.append(text(unit, right, floor + 32, "end"));
  return { y, left, right, floor, beside };
}

function withoutData(chart, width, height, what) {
  const empty = text(what, width / 2, height / 2, "middle");
  empty.setAttribute("class", "empty");
  chart.append(empty);
  return chart;
}

function root(label, width, height) {
  return node("svg", {
    class: "chart",
    role: "img",
    "aria-label": label,
    viewBox: `0 0 ${width} ${height}`,
  });
}

function node(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function path(kind, places) {
  return node("path", { class: kind, d: `M${places.join("L")}` });
}

function text(words, left, top, anchor) {
  const made = node("text", { x: round(left), y: round(top), "text-anchor": anchor });
  made.textContent = words;
  return made;
}

function titled(words) {
  const made = node("title", {});
  made.textContent = words;
  return made;
}

function timeText(time, step) {
  const iso = new Date(time).toISOString();
  if (time % DAY === 0) return iso.slice(5, 10);
  if (step >= MINUTE) return iso.slice(11, 16);
  return step >= SECOND ? iso.slice(11, 19) : iso.slice(14, 23);
}

/** The least and the greatest, or null of none; a spread call would overflow on long lists. */
function bounds(values) {
  if (values.length === 0) return null;
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/** Thousands set apart by commas; decimals as they are. */
function grouped(number) {
  const [whole, decimals] = number.split(".");
  const parted = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return decimals === undefined ? parted : `${parted}.${decimals}`;
}

const at = (left, top) => `${round(left)} ${round(top)}`;
const round = (pixels) => Math.round(pixels * 10) / 10;
