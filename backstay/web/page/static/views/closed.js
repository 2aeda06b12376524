/* The positions that were closed last, and what they came to. */

import { byId } from "../dom.js";
import { decimal } from "../decimal.js";
import { dateTime, figure, signedMoney } from "../format.js";
import { toneOf } from "../positions.js";
import { Table, write, writeButtons } from "./table.js";

const SHOWN = 20;
const REASONS = { TAKE_PROFIT: "Take-profit", STOP_LOSS: "Stop-loss", TIME: "Time stop", MANUAL: "By hand" };

const SIGNAL = /^TradingView signal \d+/;

/** What closed a position: a rule of its ladder, a signal, or a person. */
function closedBy({ close_reason: reason, close_note: note }) {
  return SIGNAL.exec(note ?? "")?.[0] ?? REASONS[reason] ?? "";
}

/** @param {import("../store.js").Store} store
    @param {(id: number) => void} onHistory asks for a position's history */
export function followClosed(store, onHistory) {
  const table = new Table(byId("closed"), "Positions that were closed last", [
    { name: "Position", show: (cell, { id, side, symbol }) =>
      write(cell, `${id} ${side} ${symbol}`) },
    { name: "Account", show: (cell, { account }) => write(cell, account) },
    { name: "Closed (UTC)", show: (cell, position) => write(cell, dateTime(position.closed_at)) },
    { name: "By", show: (cell, position) =>
      write(cell, closedBy(position), null, position.close_note) },
    { name: "Entry", kind: "figure", show: (cell, { entry_price: price }) =>
      write(cell, figure(price)) },
    { name: "Exit", kind: "figure", show: (cell, { exit_price: price }) =>
      write(cell, figure(price)) },
    { name: "Net PnL", kind: "figure", show: showNet },
    { name: "History", kind: "actions", show: (cell, { id }) =>
      writeButtons(cell, [["History", `History of position ${id}`, () => onHistory(id)]]) },
  ], "No position has been closed yet.");
  store.follow(["closed"], ({ closed }) =>
    table.show(closed.slice(0, SHOWN), ({ id }) => id));
}

function showNet(cell, { net_pnl: net }) {
  const value = decimal(net);
  write(cell, signedMoney(value), toneOf(value), net);
}
