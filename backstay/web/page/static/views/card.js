/* An open position as a card: what it is, its ladder, what it would earn, what can be done. */

import { decimal, plain, sign } from "../decimal.js";
import { el, setAttribute, setText } from "../dom.js";
import { duration, figure, milliseconds, quantity, signedMoney, signedPercent } from "../format.js";
import { drawLadder, moveMark, timeStopText, trailText } from "../ladder.js";
import { gainPercent, toneOf, totalPnl, unrealizedPnl } from "../positions.js";

/** @typedef {import("../positions.js").Position} Position */

/** @typedef {{onHistory: (id: number) => void, onChange: (id: number) => void,
               onClose: (id: number) => void}} Actions what is done with a position */

export class Card {
  #shown = { position: null, mark: null, width: 0 };
  #drawing = null;

  /** @param {Position} position @param {Actions} actions */
  constructor(position, { onHistory, onChange, onClose }) {
    const { id, symbol, side } = position;
    const title = `position-${id}-title`;
    this.size = el("p", { class: "muted" });
    this.whose = el("p", { class: "muted" });
    this.unguarded = el("p", { class: "unguarded" });
    this.ladder = el("div", { class: "ladder-place" });
    this.more = el("p", { class: "muted" });
    this.amount = el("data", { class: "amount" });
    this.percent = el("span", { class: "percent" });
    this.parts = el("span", { class: "parts muted", hidden: true });
    this.change = el("button", { type: "button", class: "small", "data-needs": "trade",
      "aria-label": `Change position ${id}`, onclick: () => onChange(id) }, "Change");
    this.close = el("button", { type: "button", class: "small", "data-needs": "trade",
      "aria-label": `Close position ${id}`, onclick: () => onClose(id) }, "Close");
    this.node = el("li", { class: `card ${side.toLowerCase()}`, "data-position": id },
      el("article", { "aria-labelledby": title },
        el("div", { class: "what" },
          el("h3", { id: title }, el("span", { class: "id" }, `#${id}`), ` ${symbol} `,
            el("span", { class: "side" }, side === "LONG" ? "▲ LONG" : "▼ SHORT")),
          this.size, this.whose, this.unguarded),
        el("div", { class: "drawn" }, this.ladder, this.more),
        el("p", { class: "pnl" }, el("span", { class: "visually-hidden" }, "PnL "),
          this.amount, " ", this.percent, this.parts),
        el("div", { class: "actions" },
          el("button", { type: "button", class: "small", "aria-label": `History of position ${id}`,
            onclick: () => onHistory(id) }, "History"), this.change, this.close)));
  }

  /** Show it as it is; only what changed is touched.
      @param {Position} position @param {?string} mark price @param {number} width of the ladder
      @param {boolean} mayTrade @param {number} now ms since 1970 */
  show(position, mark, width, mayTrade, now) {
    const before = this.#shown;
    if (before.position !== position || before.width !== width) {
      this.#drawing = drawLadder(position, mark, width);
      this.ladder.replaceChildren(this.#drawing);
    } else if (before.mark !== mark) moveMark(this.#drawing, position, mark);
    if (before.position !== position || before.mark !== mark) this.#showPnl(position, mark);
    this.#shown = { position, mark, width };
    const age = duration((now - milliseconds(position.opened_at)) / 1000);
    setText(this.size, `${quantity(position.open_quantity)} at ${figure(position.entry_price)}`);
    setText(this.whose, `${position.account} · ${age}`);
    setText(this.more, [...trailText(position), ...timeStopText(position)].join(" · "));
    this.more.hidden = this.more.textContent === "";
    setText(this.unguarded, position.unguarded ? `! ${position.unguarded}` : "");
    this.unguarded.hidden = !position.unguarded;
    this.change.hidden = this.close.hidden = !mayTrade;
  }

  #showPnl(position, mark) {
    const pnl = totalPnl(position, mark);
    const gain = gainPercent(position, mark);
    const parts = partsOf(position, mark);
    setText(this.amount, signedMoney(pnl));
    setAttribute(this.amount, "value", pnl === null ? null : plain(pnl));
    setAttribute(this.amount, "title", pnl === null ? null
      : `${plain(pnl)}: realized after costs, and unrealized before costs`);
    setAttribute(this.amount, "data-tone", toneOf(pnl));
    setText(this.percent, signedPercent(gain));
    setAttribute(this.percent, "title", "the mark price's distance from the entry");
    setText(this.parts, parts);
    this.parts.hidden = parts === "";
  }
}

/** Of which parts a PnL is the sum, once a take-profit has closed a part. */
function partsOf(position, mark) {
  const realized = decimal(position.net_pnl);
  if (sign(realized) === 0) return "";
  const open = signedMoney(unrealizedPnl(position, mark));
  return `${signedMoney(realized)} realized, ${open} unrealized`;
}
