/* A position's history: a timeline on its market's price, the same as sentences, and what it came
   to. The sentences are the service's own. */

import { get, Refusal } from "../api.js";
import { fitted, priceChart } from "../chart.js";
import { decimal } from "../decimal.js";
import { byId, el, setText } from "../dom.js";
import { clockTime, dateTime, figure, milliseconds, quantity, signedMoney } from "../format.js";
import { toneOf } from "../positions.js";
import { tone } from "../tone.js";
import { Dialog } from "./dialog.js";

const CHART_HEIGHT = 280;
const MARK_KINDS = { position_opened: "entry", rung_hit: "rung", stop_moved: "stop",
  stop_trailed: "stop", position_reduced: "exit", position_closed: "exit",
  targets_replaced: "note", trailing_set: "note", time_stop_set: "note",
  price_quarantined: "note" };
const STOP_MOVES = new Set(["rung_hit", "stop_moved", "stop_trailed"]);
const PNL = [["gross", "Gross"], ["entry_fee", "Entry fee"], ["exit_fee", "Exit fee"],
  ["spread", "Spread"], ["slippage", "Slippage"], ["net", "Net"]];

/** @typedef {{position: Record<string, any>, items: Record<string, any>[],
               pnl: Record<string, string>}} History as the API shows it */

export class HistoryView {
  #id = null; // of the position shown, null while there is none
  #draw = null; // draws the chart at a width
  #lastEvent = 0; // the number of the newest event known

  /** @param {import("../store.js").Store} store whose events say when there is more to show */
  constructor(store) {
    this.dialog = new Dialog("history");
    this.dialog.dialog.addEventListener("close", () => { this.#id = null; });
    this.redraw = fitted(byId("history-chart"), (width) =>
      this.#draw === null ? el("p", { class: "empty" }, "Reading…") : this.#draw(width));
    store.follow(["events"], ({ events }) => {
      const isNews = ({ id, position_id: of }) => id > this.#lastEvent && of === this.#id;
      if (this.#id !== null && events.some(isNews)) this.#read(this.#id);
      this.#lastEvent = events[0]?.id ?? 0;
    });
  }

  /** @param {number} id of the position */
  async show(id) {
    this.#id = id;
    this.#draw = null;
    setText(byId("history-heading"), `Position ${id}`);
    setText(byId("history-summary"), "");
    byId("history-exits").replaceChildren();
    byId("history-list").replaceChildren();
    byId("history-pnl").replaceChildren();
    this.dialog.show();
    this.redraw();
    await this.#read(id);
  }

  async #read(id) {
    try {
      const history = await get(`/positions/${id}/history`);
      const series = await seriesOf(history.position.symbol);
      if (this.#id !== id) return; // another one is shown by now
      this.#draw = (width) => timeline(history, series, width, Date.now());
      this.#show(history);
      this.redraw();
    } catch (error) {
      if (this.#id === id) this.dialog.tell(error.message);
    }
  }

  #show({ position, items, pnl }) {
    setText(byId("history-heading"),
      `Position ${position.id}: ${position.side} ${position.symbol}`);
    setText(byId("history-summary"), `${position.status}, account ${position.account}, `
      + `${quantity(position.quantity)} at ${figure(position.entry_price)}, `
      + `opened ${dateTime(position.opened_at)} UTC`
      + (position.closed_at === null ? "" : `, closed ${dateTime(position.closed_at)} UTC`));
    byId("history-exits").replaceChildren(...exitsOf(position).map(([name, text]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, text))));
    byId("history-list").replaceChildren(...items.map((item) =>
      el("li", { "data-tone": tone(item) },
        el("time", { datetime: item.done_at, title: `price or clock: ${item.time}` },
          clockTime(item.done_at)), el("p", {}, item.text))));
    byId("history-pnl").replaceChildren(...PNL.map(([field, name]) => {
      const value = decimal(pnl[field]);
      const isCost = field !== "gross" && field !== "net";
      return el("div", {}, el("dt", {}, name), el("dd", {
        title: pnl[field], "data-tone": isCost ? null : toneOf(value),
      }, isCost ? figure(pnl[field]) : signedMoney(value)));
    }));
  }
}

/** The exits as they were asked for, and what they came to. */
function exitsOf(position) {
  const { asked, take_profits: rungs, trailing_best_price: best, closes_at: closesAt } = position;
  const levels = rungs.map(({ at, price, close, hit }) => `${at === price ? "" : `${at} = `}`
    + `${figure(price)}${close === "0%" ? "" : `, closes ${close}`}${hit ? " ✓" : ""}`);
  return [
    ["Stop-loss", `${asked.stop_loss} asked, ${figure(position.stop_loss)} `
      + (position.closed_at === null ? "now" : "at the end")],
    ["Take-profits", levels.join("; ") || "none"],
    ["Trail", asked.trailing + (best === null ? "" : `, best price ${figure(best)}`)],
    ["Close after", asked.close_after
      + (closesAt === null ? "" : `, from ${dateTime(closesAt)} UTC on`)],
    ["Take-profits exit at", asked.take_profit_fill === "level" ? "their own level" : "the price"],
  ];
}

async function seriesOf(symbol) {
  try {
    return (await get(`/markets/${encodeURIComponent(symbol)}/prices`)).items;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return []; // no price since the start
    throw error;
  }
}

/** A position's timeline; prices from a little before its open to a little after its close.
    @param {History} history @param {Record<string, string>[]} series prices with ISO times
    @param {number} width in pixels @param {number} now ms since 1970 */
export function timeline({ position, items }, series, width, now) {
  const opened = milliseconds(position.entry_time);
  const ended = position.exit_time === null ? now : milliseconds(position.exit_time);
  const room = Math.max((ended - opened) * 0.1, 2000);
  const prices = series
    .map((point) => ({ ...point, time: milliseconds(point.time) }))
    .filter(({ time }) => time >= opened - room && time <= ended + room);
  const mark = position.mark_price; // of an open one: it is held still
  if (mark !== null) prices.push({ time: now, low: mark, high: mark, last: mark });
  const marks = items.filter(isMarked).map((item) => ({
    time: milliseconds(item.time), price: priceOf(item), kind: MARK_KINDS[item.kind],
    text: `${clockTime(item.time)} ${item.text}`,
  }));
  const entry = { price: position.entry_price, kind: "entry", from: opened,
    text: `Entry ${figure(position.entry_price)}` };
  return priceChart({
    label: `Price of ${position.symbol} while position ${position.id} was held: `
      + items.map((item) => item.text).join("; "),
    width, height: CHART_HEIGHT, series: prices, marks,
    levels: [entry, ...rungsOf(items, position, opened), ...stopsOf(items, opened)],
  });
}

/** Whether an event has a mark of its own; a rung's close has that of the rung. */
function isMarked({ kind, data }) {
  return kind in MARK_KINDS && (kind !== "position_reduced" || data.rung === null);
}

/** Where the take-profits were, from when until when: a person may replace those ahead. */
function rungsOf(items, position, opened) {
  const named = (prices, first, from) => prices.map((price, index) => ({
    price, kind: "rung", from, text: `TP${first + index} ${figure(price)}` }));
  const begun = items.find(({ kind }) => kind === "position_opened");
  const rungs = named(begun?.data.take_profit_prices ?? position.take_profit_prices, 1, opened);
  let ahead = [...rungs];
  let hit = 0;
  for (const { kind, data, time } of items) {
    if (kind === "rung_hit") {
      hit += 1;
      ahead.shift();
    }
    if (kind !== "targets_replaced") continue;
    for (const rung of ahead) rung.to = milliseconds(time);
    ahead = named(data.take_profit_prices, hit + 1, milliseconds(time));
    rungs.push(...ahead);
  }
  return rungs;
}

/** Where the stop-loss was, from when until when. */
function stopsOf(items, opened) {
  const first = items.find(({ kind }) => kind === "position_opened")?.data.stop_price;
  if (first === undefined) return [];
  const stops = [{ price: first, from: opened }];
  for (const { kind, data, time } of items) {
    if (kind === "position_closed") stops.at(-1).to = milliseconds(time);
    const moves = STOP_MOVES.has(kind) && data.stop_after !== data.stop_before && !data.closes_position;
    if (!moves) continue;
    stops.at(-1).to = milliseconds(time);
    stops.push({ price: data.stop_after, from: milliseconds(time) });
  }
  return stops.map((stop) => ({ ...stop, kind: "stop", text: `Stop ${figure(stop.price)}` }));
}

function priceOf({ kind, data }) {
  return { position_opened: data.entry_price, rung_hit: data.price, stop_moved: data.stop_after,
    stop_trailed: data.best_price, position_reduced: data.exit_price,
    position_closed: data.exit_price, price_quarantined: data.last_price }[kind] ?? data.mark_price;
}
