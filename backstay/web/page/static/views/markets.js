/* Markets: the last price, how old it is, who brings it, and what keeps it from being acted on. */

import { byId, el, offer, setText } from "../dom.js";
import { duration, figure, NONE } from "../format.js";
import { Table, write, writeButtons } from "./table.js";

const TONES = { LIVE: "good", STALE: "muted", QUARANTINED: "warning", PAUSED: "warning" };
const MARKS = { LIVE: "●", STALE: "○", QUARANTINED: "!", PAUSED: "‖" };

/** @param {import("../store.js").Store} store
    @param {(symbol: string, candidate: string) => void} onRelease asks for a release */
export function followMarkets(store, onRelease) {
  const table = new Table(byId("markets"), "Markets with their last prices", [
    { name: "Symbol", show: (cell, market) => write(cell, market.symbol) },
    { name: "Last price", kind: "figure",
      show: (cell, market) => write(cell, figure(market.last_price)) },
    { name: "Age", kind: "figure", show: (cell, { age_seconds: age }) =>
      write(cell, age === null ? NONE : duration(age)) },
    { name: "Feed", show: (cell, { feed }) => write(cell, feed ?? "API") },
    { name: "State", show: (cell, row) => showState(cell, row, onRelease) },
  ], "No market yet: a market begins with its first price.");
  const list = byId("symbols");
  store.follow(["markets", "may"], ({ markets, may }) => {
    const rows = [...markets.values()].map((market) => ({ ...market, may: may.administer }));
    table.show(rows, ({ symbol }) => symbol, ({ state }) => state !== "LIVE");
    offer(list, rows.map(({ symbol }) => [symbol, symbol]));
  });
}

/** A market's state, and the price in quarantine, which who may can release. */
function showState(cell, { symbol, state, candidate, may }, onRelease) {
  if (cell.childElementCount === 0) cell.append(el("span", { class: "state" }), el("span"));
  const [text, place] = cell.children;
  write(text, `${MARKS[state] ?? ""} ${state}`.trim(), TONES[state] ?? null);
  const waiting = candidate === null ? "" : figure(candidate);
  if (candidate !== null && may) {
    writeButtons(place, [[`Release ${waiting}`, `Release the candidate ${waiting} of ${symbol}`,
      () => onRelease(symbol, candidate)]]);
  } else {
    delete place.dataset.buttons;
    setText(place, waiting);
  }
}
