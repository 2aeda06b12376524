/* The replay's report: draws what `backstay/replay/report/data.py` wrote into this page. */

import { barChart, fitted, lineChart, priceChart, ticks } from "./chart.js";
import { duration, moment, money, percent, reasonText, sign } from "./report_text.js";
import { element, sortedTable } from "./report_table.js";

const data = JSON.parse(document.getElementById("data").textContent);
const { report, summary, currency } = data;
const part = (id) => document.getElementById(id);

// Where more positions than this share a chart, their stops would hide its price.
const STOPS_DRAWN_MAX = 60;

showTitle();
showSummary();
showCurves();
const charts = showPrices();
showOutcomes();
showTable();
showDenied();
showHealth();

function showTitle() {
  const title = data.account ? `Replay of account ${data.account}` : "Replay";
  document.title = title;
  part("title").textContent = title;
  const { read, accepted, rejected, ignored, quarantined } = report.prices;
  const refused = [
    [rejected, "rejected"],
    [ignored, "ignored"],
    [quarantined, "quarantined"],
  ].filter(([count]) => count > 0);
  const left = refused.map(([count, what]) => `${count.toLocaleString("en")} ${what}`);
  const taken = `${accepted.toLocaleString("en")} of ${read.toLocaleString("en")} prices accepted`;
  const span = summary.from === null ? [] : [`${moment(summary.from)} to ${moment(summary.to)} UTC`];
  part("span").textContent = [...span, [taken, ...left].join(", ")].join(" · ");
  if (report.candles) {
    const { count, interval_seconds: seconds, order } = report.candles;
    part("candles").textContent =
      `Made from ${count.toLocaleString("en")} candle${count === 1 ? "" : "s"} of ` +
      `${duration(seconds)}: each was ` +
      `played as ${order}. Within a candle the true order and the prices in between are not known, ` +
      "so where one candle reaches both a stop and a take-profit, the outcome is an assumption.";
    part("candles").hidden = false;
  }
  if (report.reordered) {
    part("reordered").textContent = report.reordered
      .map(({ file, rows, late_rows: late }) => `${file} was ${rows}: ${late.toLocaleString("en")} ` +
        `row${late === 1 ? "" : "s"} came after a later one.`)
      .concat("The rows were played by their times.").join(" ");
    part("reordered").hidden = false;
  }
}

function showSummary() {
  const unit = currency && ` ${currency}`;
  const figures = [
    ["Equity at the end", `${money(summary.equity)}${unit}`, summary.equity],
    ["Return", percent(summary.return_pct, true), summary.return_pct, sign(summary.return_pct)],
    ["Net PnL, realized", `${money(summary.net_pnl, true)}${unit}`, summary.net_pnl, sign(summary.net_pnl)],
    ["Costs included", `${money(summary.costs)}${unit}`, summary.costs],
    ["Deepest drawdown", percent(summary.drawdown_pct), `${summary.drawdown}${unit}`],
    ["Positions", summary.positions + (summary.open ? ` (${summary.open} open)` : "")],
    ["Wins, losses", `${summary.wins}, ${summary.losses}`],
    ["Profit factor", summary.profit_factor ?? (summary.wins ? "no losses" : "none closed"), "what the wins earned over what the losses cost"],
    ["Best, worst", summary.best === null ? "none closed"
      : `${money(summary.best, true)}, ${money(summary.worst, true)}`],
    ["Books", report.health.status.toLowerCase(), null, healthy() ? "" : "loss"],
  ];
  for (const [name, value, exact, kind] of figures) {
    const figure = element("div");
    const shown = element("dd", { textContent: value, className: kind ?? "" });
    if (exact != null) shown.title = exact;
    figure.append(element("dt", { textContent: name }), shown);
    part("summary").append(figure);
  }
}

function showCurves() {
  const points = (key) => data.curve.map((point) => ({ time: point.time, value: point[key] }));
  fitted(part("equity"), (width) => lineChart({
    label: `Equity and balance over time; equity ends at ${summary.equity} ${currency}`,
    width,
    height: tall(width, 300),
    unit: currency,
    series: [
      { name: "Equity", kind: "gain", points: points("equity") },
      { name: "Balance", kind: "muted", points: points("balance") },
    ],
  }));
  fitted(part("drawdown"), (width) => lineChart({
    label: `Drawdown over time; the deepest is ${summary.drawdown_pct} percent`,
    width,
    height: tall(width, 170),
    unit: "%",
    fill: true,
    series: [{
      name: "Drawdown",
      kind: "loss",
      points: data.curve.map((point) => ({ time: point.time, value: -Number(point.drawdown_pct) })),
    }],
  }));
}

/** A chart for each symbol; returns what shows one position on its symbol's chart. */
function showPrices() {
  const bySymbol = new Map(Object.keys(data.prices).map((symbol) => [symbol, []]));
  for (const position of report.positions) bySymbol.get(position.symbol)?.push(position);
  const shows = new Map();
  for (const [symbol, positions] of bySymbol) {
    let only = null;
    const title = element("h3", { textContent: symbol, tabIndex: -1 });
    const about = element("p", { className: "muted" });
    const all = element("button", { type: "button", textContent: "Show all positions" });
    const panel = element("div", { className: "panel" });
    const head = element("div", { className: "chart-head" });
    head.append(title, about, all);
    part("prices").append(head, panel);
    const tell = () => {
      all.hidden = only === null;
      about.textContent = only === null ? aboutAll(positions) : aboutOne(only);
    };
    const redraw = fitted(panel, (width) => priceChart({
      label: `${symbol}: price, ${only === null ? aboutAll(positions) : aboutOne(only)}`,
      width,
      height: tall(width, 380),
      ...(only === null ? everything(symbol, positions) : single(symbol, only)),
    }));
    const show = (position) => {
      only = position;
      tell();
      redraw();
    };
    all.addEventListener("click", () => {
      show(null);
      title.focus();
    });
    tell();
    shows.set(symbol, (position) => {
      show(position);
      title.focus({ preventScroll: true });
      head.scrollIntoView({ block: "start" });
    });
  }
  return shows;
}

function everything(symbol, positions) {
  const stops = positions.length <= STOPS_DRAWN_MAX ? positions : [];
  return {
    series: data.prices[symbol],
    marks: positions.flatMap((position) => stepsOf(position)),
    levels: stops.flatMap((position) => stopsOf(position)),
  };
}

function single(symbol, position) {
  const series = data.prices[symbol];
  const from = Date.parse(position.entry_time);
  const to = endOf(position);
  const margin = Math.max((to - from) * 0.08, 1000);
  const levels = [
    { price: position.entry_price, kind: "entry", text: `entry ${position.entry_price}` },
    ...position.take_profit_prices.map((price, index) => ({
      price,
      kind: "rung",
      text: `TP${index + 1} ${price}`,
    })),
  ].map((level) => ({ ...level, from, to, named: true }));
  const stops = stopsOf(position);
  return {
    series: around(series, from - margin, to + margin),
    marks: stepsOf(position),
    levels: [...levels, ...stops.map((stop) => ({ ...stop, named: stop === stops.at(-1) }))],
  };
}

/** The points within a span, and the one on each side, so that a line crosses all of it. */
function around(series, from, to) {
  const first = series.findIndex((point) => point.time >= from);
  const last = series.findLastIndex((point) => point.time <= to);
  return series.slice(Math.max(0, first === -1 ? series.length - 1 : first - 1), last + 2);
}

function stepsOf(position) {
  return data.steps[position.id] ?? [];
}

/** Where a position's stop-loss was, from when to when. */
function stopsOf(position) {
  const moves = stepsOf(position).filter((step) => step.stop !== undefined);
  // The rung that closes all moves a stop that nobody needs any more.
  return moves
    .map((move, index) => ({
      price: move.stop,
      kind: "stop",
      from: move.time,
      to: moves[index + 1]?.time ?? endOf(position),
      text: `stop-loss ${move.stop}`,
    }))
    .filter((level, index) => level.to > level.from || index === 0);
}

/** When a position was closed, or for how long its price is known. */
function endOf(position) {
  if (position.exit_time !== null) return Date.parse(position.exit_time);
  return data.prices[position.symbol].at(-1).time;
}

function aboutAll(positions) {
  if (positions.length === 0) return "no positions";
  const net = positions.reduce((sum, position) => sum + Number(position.net_pnl), 0);
  const stops = positions.length > STOPS_DRAWN_MAX ? ", too many to draw their stops" : "";
  const count = positions.length === 1 ? "1 position" : `${positions.length} positions`;
  return `${count}, net ${money(net, true)} ${currency}${stops}`;
}

function aboutOne(position) {
  const how = position.close_reason === null ? "still open" : reasonText(position.close_reason);
  return `position ${position.id}, ${position.side}, ${how}, net ${money(position.net_pnl, true)} ${currency}; asked for: ${position.asked}`;
}

function showOutcomes() {
  const closed = report.positions.filter((position) => position.status === "CLOSED");
  const reasons = [
    { text: "take-profit", kind: "rung", is: (it) => it.close_reason === "TAKE_PROFIT" },
    { text: "stop-loss", kind: "stop", is: (it) => it.close_reason === "STOP_LOSS" },
    { text: "time stop", kind: "muted", is: (it) => it.close_reason === "TIME" },
    { text: "by hand", kind: "muted", is: (it) => it.close_reason === "MANUAL" },
    { text: "still open", kind: "muted", is: (it) => it.close_reason === null },
  ].map(({ text, kind, is }) => ({ text, kind, value: report.positions.filter(is).length }));
  const most = Math.max(0, ...report.positions.map((it) => it.take_profit_prices.length));
  const rungs = Array.from({ length: most }, (_, index) => ({
    text: `TP${index + 1}`,
    kind: "rung",
    value: report.positions.filter((position) => position.rungs_hit > index).length,
  }));
  const said = (bars) => bars.map(({ text, value }) => `${text} ${value}`).join(", ");
  const panels = [
    ["histogram", `Closed positions by net PnL in ${currency}`, histogram(closed), 260],
    ["reasons", `Positions by what closed them: ${said(reasons)}`, reasons.filter((bar) => bar.value), 260],
    ["rungs", `Positions by take-profits hit: ${said(rungs)}`, rungs, 260],
  ];
  for (const [id, label, bars, height] of panels) {
    fitted(part(id), (width) => barChart({ label, width, height, bars, unit: "positions" }));
  }
}

/** Equally wide ranges of net PnL, with an edge at zero: what is left of it has lost. */
function histogram(positions) {
  if (positions.length === 0) return [];
  const nets = positions.map((position) => Number(position.net_pnl));
  const low = Math.min(0, ...nets);
  const high = Math.max(0, ...nets);
  const [first, second] = ticks(low, high > low ? high : 1, 16);
  const step = second.value - first.value;
  const decimals = (first.text.split(".")[1] ?? "").length;
  const from = Math.floor(low / step + 1e-9);
  const count = Math.max(1, Math.floor(high / step + 1e-9) + 1 - from);
  const bars = Array.from({ length: count }, (_, index) => ({
    text: [from + index, from + index + 1].map((edge) => (edge * step).toFixed(decimals)).join(" to "),
    kind: from + index < 0 ? "loss" : "gain",
    value: 0,
  }));
  for (const net of nets) bars[Math.min(count - 1, Math.floor(net / step + 1e-9) - from)].value += 1;
  return bars;
}

function showTable() {
  const time = (text) => (text === null ? "" : `${text.slice(0, 10)} ${text.slice(11, 19)}`);
  const columns = [
    {
      name: "Id",
      text: (it) => String(it.id),
      value: (it) => it.id,
      number: true,
      says: (it) => `Show position ${it.id} on the chart of ${it.symbol}`,
      action: (it) => charts.get(it.symbol)?.(it),
    },
    { name: "Signal", text: (it) => it.signal_id ?? "" },
    { name: "Symbol", text: (it) => it.symbol },
    { name: "Side", text: (it) => `${it.side === "LONG" ? "▲" : "▼"} ${it.side}` },
    { ...amounts("Net PnL", "net_pnl", true), kind: (it) => sign(it.net_pnl) },
    { name: "Closed by", text: (it) => (it.close_reason === null ? "open" : reasonText(it.close_reason)) },
    {
      name: "Rungs",
      number: true,
      text: (it) => `${it.rungs_hit} of ${it.take_profit_prices.length}`,
      value: (it) => it.rungs_hit,
    },
    { name: "Opened (UTC)", text: (it) => time(it.entry_time), value: (it) => it.entry_time },
    { name: "Entry", number: true, text: (it) => it.entry_price, value: (it) => Number(it.entry_price) },
    { name: "Closed (UTC)", text: (it) => time(it.exit_time), value: (it) => it.exit_time },
    {
      name: "Exit",
      number: true,
      text: (it) => it.exit_price ?? "",
      value: (it) => (it.exit_price === null ? null : Number(it.exit_price)),
    },
    { name: "Asked for", text: (it) => it.asked },
    amounts("Notional", "notional"),
    amounts("Gross PnL", "gross_pnl", true),
    amounts("Costs", "costs"),
  ];
  sortedTable(part("table"), { label: "Positions", columns, rows: report.positions });
}

function amounts(name, key, signed = false) {
  return {
    name,
    number: true,
    text: (it) => money(it[key], signed),
    value: (it) => Number(it[key]),
    title: (it) => `${it[key]} ${currency}`,
  };
}

function showDenied() {
  const rows = [
    ...report.denied.map((it) => [it.signal_id, it.reason.replaceAll("_", " "), it.detail]),
    ...report.unfilled.map((id) => [id, "unfilled", "no price came from its time on"]),
  ];
  part("denied").hidden = rows.length === 0;
  part("denied").querySelector("tbody").append(...rows.map((cells) => tableRow(cells)));
}

function showHealth() {
  const { status, checks, expected, actual } = report.health;
  part("health").textContent = healthy()
    ? "Every check passed: ledger, holds and balances agree to the last digit."
    : `${status}: expected ${expected}, found ${actual}. Do not rely on the figures above.`;
  part("health").className = healthy() ? "" : "loss";
  part("checks").querySelector("tbody").append(
    ...checks.map((it) => tableRow(
      [it.name.replaceAll("_", " "), it.passed ? "✓ passed" : "✗ failed", it.expected, it.actual, it.difference],
      2,
    )),
  );
}

function tableRow(cells, numbersFrom = cells.length) {
  const row = element("tr");
  row.append(...cells.map((text, index) =>
    element("td", { textContent: text, className: index < numbersFrom ? "" : "number" })));
  return row;
}

function healthy() {
  return report.health.status === "HEALTHY";
}

function tall(width, height) {
  return Math.round(Math.min(height, Math.max(height * 0.6, width * 0.62)));
}
