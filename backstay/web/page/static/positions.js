/* What open positions come to at a mark price, which of them are shown, and in which order. Pure.

   Money is exact; distances, which only order the list, are JavaScript numbers. */

import { add, decimal, multiply, quotient, rounded, sign, subtract } from "./decimal.js";
import { eachInSlices } from "./slices.js";

/** @typedef {import("./decimal.js").Decimal} Decimal */
/** @typedef {Record<string, any>} Position as the API shows it */
/** @typedef {Record<string, any>} Market as the API shows it */
/** @typedef {"newest" | "stop" | "rung" | "pnl"} Order nearest to its stop or next rung first */
/** @typedef {{account: string, symbol: string, side: string}} Filter "" takes any */

const MONEY_PLACES = 8;

/** The price that a position is valued at: its market's last one.
    @param {Position} position @param {Map<string, Market>} markets @returns {?string} */
export function markOf(position, markets) {
  return markets.get(position.symbol)?.last_price ?? position.mark_price;
}

/** What the open quantity would earn at a mark price, before costs; as the service computes it.
    @param {Position} position @param {?string} mark @returns {?Decimal} money */
export function unrealizedPnl(position, mark) {
  if (mark === null) return null;
  const gained = multiply(gainOf(position, mark), decimal(position.open_quantity));
  return rounded(gained, MONEY_PLACES);
}

/** What a position has earned in all: the parts closed so far, after costs, and what is open.
    @param {Position} position @param {?string} mark @returns {?Decimal} money */
export function totalPnl(position, mark) {
  const unrealized = unrealizedPnl(position, mark);
  return unrealized === null ? null : add(decimal(position.net_pnl), unrealized);
}

/** How far the mark price is from the entry toward profit.
    @param {Position} position @param {?string} mark @returns {?Decimal} percent, to two decimals */
export function gainPercent(position, mark) {
  if (mark === null) return null;
  const { units, scale } = gainOf(position, mark);
  return quotient({ units: units * 100n, scale }, decimal(position.entry_price), 2);
}

/** @param {Position} position @param {Filter} filter */
export function matches(position, filter) {
  return (filter.account === "" || filter.account === position.account)
    && (filter.symbol === "" || filter.symbol === position.symbol)
    && (filter.side === "" || filter.side === position.side);
}

/** The ids of the positions that match, in an order; found in slices.
    @param {Map<number, Position>} positions @param {Map<string, Market>} markets
    @param {Filter} filter @param {Order} order @returns {Promise<number[]>} */
export async function ordered(positions, markets, filter, order) {
  /** @type {{id: number, rank: number}[]} */
  const found = [];
  await eachInSlices(positions.values(), (position) => {
    if (!matches(position, filter)) return;
    found.push({ id: position.id, rank: rankOf(position, markOf(position, markets), order) });
  });
  found.sort((a, b) => a.rank - b.rank || b.id - a.id);
  return found.map(({ id }) => id);
}

/** Where a position stands: the lowest comes first; what has no price comes last. */
function rankOf(position, mark, order) {
  if (order === "newest") return -position.id;
  if (mark === null) return Infinity;
  const at = Number(mark);
  if (order === "stop") return Math.abs(at - Number(position.stop_loss)) / at;
  if (order === "rung") {
    const next = position.next_take_profit;
    return next === null ? Infinity : Math.abs(Number(next) - at) / at;
  }
  const toward = position.side === "LONG" ? 1 : -1;
  return -toward * (at - Number(position.entry_price)) * Number(position.open_quantity);
}

/** The price's way toward profit, below zero at a loss. */
function gainOf(position, mark) {
  const [from, to] = [decimal(position.entry_price), decimal(mark)];
  return position.side === "LONG" ? subtract(to, from) : subtract(from, to);
}

/** @param {?Decimal} value @returns {"gain" | "loss" | "even"} */
export function toneOf(value) {
  const direction = value === null ? 0 : sign(value);
  return direction > 0 ? "gain" : direction < 0 ? "loss" : "even";
}
