/* What happened, as sentences for people; in the words of the service's own history. */

import { add, decimal, subtract, trimmed } from "./decimal.js";
import { quantity } from "./format.js";

/** @typedef {import("./stream.js").StreamedEvent} StreamedEvent */

const SAYS = {
  account_opened: (d) =>
    `Account ${d.account} opened with ${short(d.initial_balance)} ${d.currency}`,
  funds_transferred: (d) => `${short(d.amount)} transferred, reference ${d.reference}`,
  position_opened: (d) =>
    `${d.side} of ${quantity(d.quantity)} ${d.symbol} opened at ${d.entry_price}, `
    + `stop-loss ${d.stop_price}`,
  open_denied: (d) => `${d.side} of ${d.symbol} not opened: ${d.text}`,
  rung_hit: (d) => {
    const hit = `${rungName(d)} hit at ${d.price}`;
    if (d.closes_position) return `${hit}, closing all that is left`;
    if (d.stop_before === d.stop_after) return `${hit}, stop-loss stays at ${d.stop_after}`;
    return `${hit}, stop-loss ${d.stop_before} → ${d.stop_after}`;
  },
  stop_moved: (d) => `Stop-loss tightened by hand ${d.stop_before} → ${d.stop_after}`,
  position_reduced: (d) =>
    `${rungName(d)} closed ${quantity(d.quantity)} at ${d.exit_price}: net ${netOf(d)}`,
  position_closed: (d) =>
    `Closed at ${d.exit_price}, ${d.reason_text}: net ${short(d.net_pnl_total)} in all`,
  shortfall_covered: (d) =>
    `The loss went beyond the wallet: a shortfall of ${short(d.amount)} was covered`,
  price_quarantined: (d) =>
    `Price ${d.price} of ${d.symbol} quarantined: too far from the last accepted ${d.last_price}`,
  quarantine_ended: (d) =>
    `Quarantine of ${d.symbol} ended: candidate ${d.candidate} ${d.outcome} at ${d.price}`,
  price_rejected: (d) => `Price ${d.price} of ${d.symbol} rejected: ${d.why}`,
  market_paused: (d) => `${d.symbol} paused, no price is judged: ${d.why}`,
  market_resumed: (d) => `${d.symbol} resumed after ${(d.paused_us / 1e6).toFixed(1)} s`,
  trading_paused: (d) => `Opens paused${ofAccount(d)}: ${d.reason}`,
  trading_resumed: (d) => `Opens allowed again${ofAccount(d)}: ${d.reason}`,
  signal_received: (d) => `Signal ${d.signal_id} received: ${d.action} ${d.symbol}`,
  signal_finished: (d) => `Signal ${d.signal_id} ${d.status.toLowerCase()}: ${d.outcome}`,
  health_mismatch_found: (d) =>
    `The books of account ${d.account} do not balance: off by ${short(d.difference)}`,
  health_restored: (d) => `The books of account ${d.account} balance again`,
};

/** What an event says; of one that is not known here its kind in words.
    @param {StreamedEvent} event @returns {string} */
export function sentence(event) {
  const words = event.kind.replaceAll("_", " ");
  try {
    return (SAYS[event.kind] ?? (() => words))(event.data);
  } catch {
    return words; // an event of another version: its kind is better than nothing
  }
}

/** How an event is marked.
    @param {StreamedEvent} event @returns {"gain" | "loss" | "warning" | "plain"} */
export function tone(event) {
  switch (event.kind) {
    case "rung_hit":
    case "position_reduced":
      return "gain";
    case "position_closed":
      return String(event.data.net_pnl_total).startsWith("-") ? "loss" : "gain";
    case "open_denied":
    case "price_quarantined":
    case "price_rejected":
    case "market_paused":
    case "trading_paused":
    case "shortfall_covered":
    case "health_mismatch_found":
      return "warning";
    default:
      return "plain";
  }
}

function rungName(data) {
  return `TP${data.rung} (${data.side === "LONG" ? "+" : "-"}${data.distance_pct}%)`;
}

function netOf(data) {
  const costs = Object.values(data.costs).map(decimal).reduce(add);
  return trimmed(subtract(decimal(data.gross_pnl), costs));
}

function ofAccount(data) {
  return data.account === null ? "" : ` for account ${data.account}`;
}

function short(amount) {
  return trimmed(decimal(amount));
}
