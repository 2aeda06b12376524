/* How an event is marked, beside its sentence. */

/** @typedef {import("./stream.js").StreamedEvent} StreamedEvent */

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
    case "price_times_rebased":
    case "market_paused":
    case "market_stale":
    case "trading_paused":
    case "shortfall_covered":
    case "health_mismatch_found":
    case "part_set_aside":
      return "warning";
    default:
      return "plain";
  }
}
