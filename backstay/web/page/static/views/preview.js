/* What a command would come to, before it is sent: drawn, in a table, and said. The service has
   computed all of it. */

import { NoAnswer } from "../api.js";
import { fitted } from "../chart.js";
import { decimal, rounded, sign } from "../decimal.js";
import { el, setAttribute, setText } from "../dom.js";
import { figure, quantity, signedMoney, signedPercent } from "../format.js";
import { drawLadder } from "../ladder.js";
import { toneOf } from "../positions.js";

const QUIET_MS = 250;
const AGAIN_MS = 2000;
const NO_PREVIEW = "The service does not answer, so there is no preview at present.";

/** @typedef {Record<string, any>} PreviewBody as the API answers */

/** Asks the service for a preview a moment after the last change, and forgets late answers. */
export class Asking {
  #timer = 0;
  #asked = 0;
  #askedAt = 0;

  /** @param {() => ?(() => Promise<any>)} request what to ask now, null for nothing
      @param {(answer: any, isAgain: boolean) => void} onAnswer
      @param {(error: ?Error) => void} onRefusal is told null when there is nothing to ask */
  constructor(request, onAnswer, onRefusal) {
    this.request = request;
    this.onAnswer = onAnswer;
    this.onRefusal = onRefusal;
  }

  /** Something was changed. */
  soon() {
    this.#asked += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(false), QUIET_MS);
  }

  /** A price came: what is shown is of the one before. */
  again() {
    if (performance.now() - this.#askedAt > AGAIN_MS) this.now(true);
  }

  stop() {
    this.#asked += 1;
    clearTimeout(this.#timer);
  }

  async now(isAgain) {
    this.#asked += 1;
    this.#askedAt = performance.now();
    const asked = this.#asked;
    const ask = this.request();
    if (ask === null) {
      this.onRefusal(null);
      return;
    }
    try {
      const answer = await ask();
      if (asked === this.#asked) this.onAnswer(answer, isAgain);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.onRefusal(error instanceof NoAnswer ? new Error(NO_PREVIEW) : error);
    }
  }
}

/** The place of a preview in a form: the drawing, what it comes to, and a sentence of it. */
export class PreviewPanel {
  #shown = null; // the ladder that is drawn

  /** @param {HTMLElement} place
      @param {(width: number) => ?Node} [draw] another drawing than that of the preview's ladder */
  constructor(place, draw) {
    this.drawing = el("div", { class: "ladder-place" });
    this.summary = el("p", { class: "preview-summary" });
    this.rows = el("tbody", { role: "rowgroup" });
    this.table = el("table", { role: "table", class: "preview", hidden: true },
      el("caption", { class: "visually-hidden" }, "What it would come to, costs included"),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
        ...["", "Price", "From entry", "Closes", "Net there", "Then stop", "Net at that stop"]
          .map((name) => el("th", { role: "columnheader", scope: "col" }, name)))), this.rows);
    this.spoken = el("p", { class: "visually-hidden", role: "status" });
    place.append(this.drawing, this.summary, this.table, this.spoken);
    this.redraw = fitted(this.drawing, draw ?? ((width) => this.#shown === null ? el("span")
      : drawLadder(this.#shown, this.#shown.mark_price, width)));
  }

  /** @param {PreviewBody} preview @param {boolean} isQuiet whether only a price has moved */
  show(preview, isQuiet) {
    this.#shown = preview.ladder;
    this.redraw();
    const summary = summaryOf(preview);
    this.say(summary, null, isQuiet);
    this.rows.replaceChildren(stopRow(preview.stop), ...preview.targets.map(targetRow));
    this.table.hidden = false;
  }

  /** Say something instead of a preview.
      @param {string} text @param {?string} tone @param {boolean} [isQuiet] */
  say(text, tone, isQuiet = false) {
    setText(this.summary, text);
    setAttribute(this.summary, "data-tone", tone);
    if (!isQuiet) setText(this.spoken, text);
  }

  /** Show no ladder, because there is none.
      @param {string} text why @param {?string} tone */
  clear(text, tone) {
    this.#shown = null;
    this.table.hidden = true;
    this.redraw();
    this.say(text, tone);
  }
}

/** The risk and the gain in one sentence.
    @param {PreviewBody} preview */
export function summaryOf({ ladder, stop, targets }) {
  const at = `${ladder.side} of ${quantity(ladder.open_quantity)} ${ladder.symbol} at `
    + `${figure(ladder.entry_price)}`;
  const stopped = `stop-loss ${figure(stop.price)} (${percent(stop.distance_pct)}): `
    + `${netText(stop.net_pnl)}`;
  const last = targets.at(-1);
  const aimed = last === undefined ? "no take-profit"
    : `take-profit ${last.rung} at ${figure(last.price)} (${percent(last.distance_pct)}): `
      + `${netText(last.net_pnl)}`;
  return `${at}. At the ${stopped}. ${aimed[0].toUpperCase()}${aimed.slice(1)}. Costs included.`;
}

function netText(net) {
  const value = decimal(net);
  return `${sign(value) < 0 ? "risk" : "gain"} ${signedMoney(value)}`;
}

function stopRow({ price, distance_pct: distance, net_pnl: net }) {
  return row("Stop-loss", figure(price), percent(distance), "all", net, "", null);
}

function targetRow({ rung, price, distance_pct: distance, quantity: closes, net_pnl: net, stop }) {
  const part = stop === null ? "all" : closes === "0" ? "nothing" : quantity(closes);
  return row(`TP${rung}`, figure(price), percent(distance), part, net,
    stop === null ? "" : figure(stop.price), stop?.net_pnl ?? null);
}

function row(name, price, distance, closes, net, stop, netAtStop) {
  const cell = (text, title = null, tone = null, label = "") => el("td",
    { role: "cell", class: "figure", title, "data-tone": tone, "data-name": label }, text);
  const money = (exact, label) => exact === null ? cell("", null, null, label)
    : cell(signedMoney(decimal(exact)), exact, toneOf(decimal(exact)), label);
  return el("tr", { role: "row" }, el("th", { role: "rowheader", scope: "row" }, name),
    cell(price, null, null, "Price"), cell(distance, null, null, "From entry"),
    cell(closes, null, null, "Closes"), money(net, "Net there"),
    cell(stop, null, null, "Then stop"), money(netAtStop, "Net at that stop"));
}

function percent(text) {
  return signedPercent(rounded(decimal(text), 2));
}
