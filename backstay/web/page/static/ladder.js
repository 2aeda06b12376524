/* A position's ladder as a drawing: stop-loss, entry and rungs on one axis of price, the mark price
   moving between them. The price rises to the right, so a SHORT is a LONG seen in a mirror.

   Prices become JavaScript numbers for pixels only; what is written is the text that came. */

import { svg, setAttribute, setText } from "./dom.js";
import { dateTime, figure } from "./format.js";

/** @typedef {import("./positions.js").Position} Position */
/** @typedef {{kind: "stop" | "entry" | "rung", state: string, price: string, name: string,
               text: string, x: number, labelX: ?number}} Level `labelX` is null without room */

export const HEIGHT = 82;
const AXIS = 36;
const BAND = 8;
const EDGE = 30; // room at both ends, for half a label
const CHARACTER = 6.7; // the width of one, at the labels' size

/** Everything that a ladder's drawing says, in pixels of its width. Pure.
    @param {Position} position @param {?string} mark price @param {number} width */
export function ladderModel(position, mark, width) {
  const x = scaleOf(position, width).at;
  const levels = levelsOf(position, x);
  placeLabels(levels, width);
  return { levels, zones: zonesOf(position, levels), trail: trailOf(position, x),
    mark: markAt(position, mark, x, width), label: describe(position, mark) };
}

/** A ladder's text alternative.
    @param {Position} position @param {?string} mark price */
export function describe(position, mark) {
  const rungs = position.take_profit_prices;
  const next = rungs[position.rungs_hit];
  return [
    `${position.side} ${position.symbol}: stop-loss ${figure(position.stop_loss)}`,
    `entry ${figure(position.entry_price)}`,
    next === undefined ? "no rung ahead"
      : `next rung TP${position.rungs_hit + 1} at ${figure(next)}`
        + shareText(position, position.rungs_hit, ", closes "),
    `mark price ${mark === null ? "unknown" : figure(mark)}`,
    `${position.rungs_hit} of ${rungs.length} rungs hit`,
    ...trailText(position), ...timeStopText(position),
  ].join(", ");
}

/** What a position's trail is, and the best price that it has followed.
    @param {Position} position @returns {string[]} nothing where there is no trail */
export function trailText({ asked, trailing_best_price: best }) {
  if (asked.trailing === "none") return [];
  return [`trail ${asked.trailing}`
    + (best === null ? ", not begun" : `, best price ${figure(best)}`)];
}

/** When a position's time stop closes it.
    @param {Position} position @returns {string[]} nothing where there is none */
export function timeStopText({ closes_at: at }) {
  return at === null ? [] : [`closes at ${dateTime(at)} UTC`];
}

/** Draw a ladder.
    @param {Position} position @param {?string} mark price @param {number} width in pixels
    @returns {SVGSVGElement} */
export function drawLadder(position, mark, width) {
  const model = ladderModel(position, mark, width);
  const drawing = svg("svg", {
    class: `ladder ${position.side === "LONG" ? "long" : "short"}`, role: "img",
    width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-label": model.label,
  });
  drawing.append(
    svg("rect", { class: "track", x: 0, y: AXIS - BAND / 2, width, height: BAND, rx: BAND / 2 }),
    ...model.zones.map(({ kind, from, to }) => svg("rect", { class: `zone ${kind}`,
      x: Math.min(from, to), y: AXIS - BAND / 2, width: Math.abs(to - from), height: BAND })),
    svg("path", { class: "toward", d: position.side === "LONG"
      ? `M${width - 9},${AXIS - 4}l5,4l-5,4` : `M9,${AXIS - 4}l-5,4l5,4` }),
    svg("rect", { class: "progress", y: AXIS - 1.5, height: 3 }),
    ...drawTrail(model.trail),
    ...model.levels.map(drawLevel),
    svg("g", { class: "mark" },
      svg("path", { d: `M-5,${AXIS - 16}h10l-5,8z` }),
      svg("line", { y1: AXIS - 8, y2: AXIS + 10 })),
    svg("text", { class: "mark-price", y: 14 }),
  );
  showMark(drawing, model);
  return drawing;
}

/** Move a drawn ladder's mark price; nothing else of it changes with a price.
    @param {SVGSVGElement} drawing @param {Position} position @param {?string} mark price */
export function moveMark(drawing, position, mark) {
  const width = Number(drawing.getAttribute("width"));
  const x = scaleOf(position, width).at;
  showMark(drawing, { mark: markAt(position, mark, x, width), label: describe(position, mark) });
}

function showMark(drawing, { mark, label }) {
  setAttribute(drawing, "aria-label", label);
  const [progress, group, text] = [".progress", ".mark", ".mark-price"]
    .map((selector) => drawing.querySelector(selector));
  for (const part of [progress, group, text]) {
    setAttribute(part, "visibility", mark === null ? "hidden" : null);
  }
  if (mark === null) return;
  group.style.setProperty("transform", `translateX(${mark.x}px)`);
  setAttribute(progress, "class", `progress ${mark.tone}`);
  setAttribute(progress, "x", String(Math.min(mark.x, mark.entryX)));
  setAttribute(progress, "width", String(Math.abs(mark.x - mark.entryX)));
  setAttribute(text, "x", String(mark.labelX));
  setText(text, mark.text);
}

/** The best price, and a line from it to the stop-loss that follows it. */
function drawTrail(trail) {
  if (trail === null) return [];
  const { stop, best, text } = trail;
  return [svg("g", { class: "trail" }, svg("title", {}, text),
    svg("line", { x1: stop, x2: best, y1: AXIS - 10, y2: AXIS - 10 }),
    svg("path", { d: `M${best},${AXIS - 14}v8` }))];
}

function drawLevel(level) {
  const shape = {
    stop: () => svg("path", { d: `M-3,${AXIS - 11}h6v22h-6z` }),
    entry: () => svg("circle", { cy: AXIS, r: 6 }),
    rung: () => svg("path", { d: `M0,${AXIS - 8}l8,8l-8,8l-8,-8z` }),
  }[level.kind]();
  const group = svg("g", { class: `level ${level.kind} ${level.state}`,
    transform: `translate(${level.x} 0)` }, svg("title", {}, level.text), shape);
  if (level.state === "hit") {
    group.append(svg("path", { class: "check", d: `M-3.5,${AXIS}l2.5,2.8l4.5,-5` }));
  }
  if (level.labelX !== null) {
    const x = level.labelX - level.x;
    group.append(svg("text", { class: "name", x, y: AXIS + 26 }, level.name),
      svg("text", { class: "price", x, y: AXIS + 41 }, figure(level.price)));
  }
  return group;
}

/** From prices to pixels and back: stop, entry, rungs and best price with some room around.
    @param {Position} position @param {number} width
    @returns {{at: (price: string) => number, priceAt: (x: number) => number}} */
export function scaleOf(position, width) {
  const [stop, entry] = [Number(position.stop_loss), Number(position.entry_price)];
  const others = position.take_profit_prices.map(Number);
  // Without a rung there is no end toward profit: as much room as toward the stop, or a little.
  if (others.length === 0) others.push(entry + (stop === entry ? entry / 20 : entry - stop));
  if (position.trailing_best_price !== null) others.push(Number(position.trailing_best_price));
  const [low, high] = [Math.min(stop, entry, ...others), Math.max(stop, entry, ...others)];
  const perPrice = (width - 2 * EDGE) / (high - low || 1);
  return { at: (price) => EDGE + (Number(price) - low) * perPrice,
    priceAt: (x) => low + (x - EDGE) / perPrice };
}

function trailOf(position, x) {
  const { trailing_best_price: best, stop_loss: stop } = position;
  return best === null ? null
    : { best: x(best), stop: x(stop), text: trailText(position).join("") };
}

/** @returns {Level[]} the stop, the entry and the rungs */
function levelsOf(position, x) {
  const level = (kind, state, price, name, text) => (
    { kind, state, price, name, text: `${text} ${figure(price)}`, x: x(price), labelX: null });
  const { stop_loss: stop, entry_price: entry, rungs_hit: hit } = position;
  const levels = position.take_profit_prices.map((price, index) => {
    const state = index < hit ? "hit" : index === hit ? "next" : "ahead";
    const asked = position.take_profits[index].at;
    const said = (index < hit ? "hit" : "ahead") + (asked.endsWith("%") ? `, asked for at ${asked}` : "");
    return level("rung", state, price,
      `TP${index + 1}${state === "hit" ? " ✓" : shareText(position, index, " · ")}`,
      `TP${index + 1}, ${said}${shareText(position, index, ", closes ")}:`);
  });
  levels.unshift(level("entry", "", entry, "Entry", "Entry"));
  levels.push(level("stop", "", stop, "Stop", "Stop-loss"));
  return levels;
}

/** The share of the quantity that a rung closes, if any. */
function shareText(position, index, before) {
  const share = position.take_profits[index].close;
  return share === "0%" ? "" : before + share.replace("%", " %");
}

/** What lies between the levels: what is at risk, what the stop keeps, what is aimed at. */
function zonesOf(position, levels) {
  const at = (kind) => levels.find((level) => level.kind === kind).x;
  const [stop, entry, toward] = [at("stop"), at("entry"), position.side === "LONG" ? 1 : -1];
  const aims = levels.filter((level) => level.kind === "rung").map((level) => level.x);
  const isKept = (stop - entry) * toward > 0;
  const end = toward > 0 ? Math.max(entry, ...aims) : Math.min(entry, ...aims);
  const zones = [{ kind: "aim", from: isKept ? stop : entry, to: end }];
  if (stop !== entry) zones.push({ kind: isKept ? "kept" : "risk", from: entry, to: stop });
  return zones;
}

/** Give the levels labels where there is room, the most telling first. */
function placeLabels(levels, width) {
  const rungs = levels.filter((level) => level.kind === "rung");
  const weight = (level) => level.kind === "stop" ? 0 : level.state === "next" ? 1
    : level.kind === "entry" ? 2 : level === rungs.at(-1) ? 3 : level.state === "ahead" ? 4 : 5;
  const taken = [];
  for (const level of [...levels].sort((a, b) => weight(a) - weight(b))) {
    const half = Math.max(level.name.length, figure(level.price).length) * CHARACTER / 2 + 4;
    const x = Math.min(Math.max(level.x, half), width - half);
    if (taken.some(([from, to]) => x + half > from && x - half < to)) continue;
    taken.push([x - half, x + half]);
    level.labelX = x;
  }
}

function markAt(position, mark, x, width) {
  if (mark === null) return null;
  const at = Math.round(Math.min(Math.max(x(mark), 5), width - 5) * 10) / 10;
  const half = figure(mark).length * 3.8 + 2;
  const gain = (Number(mark) - Number(position.entry_price)) * (position.side === "LONG" ? 1 : -1);
  return {
    x: at, text: figure(mark), labelX: Math.min(Math.max(at, half), width - half),
    entryX: x(position.entry_price), tone: gain < 0 ? "loss" : "gain",
  };
}
