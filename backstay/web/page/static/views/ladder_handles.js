/* The levels of a drawn ladder that can be moved: by the mouse or a finger, and by the arrow keys. */

import { add, decimal, multiply, plain, trimmed } from "../decimal.js";
import { el, setAttribute } from "../dom.js";
import { figure } from "../format.js";

const STEPS_PER_PRICE = 3; // a step is the price's fourth digit: 10 at 64,250, 0.1 at 104
const LONG_STEP = decimal("10");
const WAYS = { ArrowRight: "1", ArrowUp: "1", ArrowLeft: "-1", ArrowDown: "-1" };

/** @typedef {{place: string, kind: "stop" | "rung", name: string, price: string}} Movable */

export class LadderHandles {
  #handles = new Map(); // by place
  #scale = null;
  #step = decimal("1");

  /** @param {(place: string, price: string) => void} onMove is told where a level was moved to */
  constructor(onMove) {
    this.onMove = onMove;
    this.node = el("div", { class: "handles" });
  }

  /** Place a handle on each level that can be moved; those that are there keep the focus.
      @param {Movable[]} levels @param {ReturnType<import("../ladder.js").scaleOf>} scale
      @param {string} near a price: how long a step is goes by it @param {number} width */
  show(levels, scale, near, width) {
    this.#scale = scale;
    this.#step = stepAt(near);
    const kept = new Set(levels.map(({ place }) => place));
    for (const [place, { node }] of this.#handles) {
      if (kept.has(place)) continue;
      node.remove();
      this.#handles.delete(place);
    }
    for (const level of levels) {
      const handle = this.#handles.get(level.place) ?? this.#made(level);
      if (handle.isMoved) continue; // it follows the pointer
      handle.price = level.price;
      const { node } = handle;
      node.style.setProperty("left", `${scale.at(level.price)}px`);
      setAttribute(node, "aria-label", level.name);
      setAttribute(node, "aria-valuemin", String(scale.priceAt(0)));
      setAttribute(node, "aria-valuemax", String(scale.priceAt(width)));
      tell(node, level.price);
    }
  }

  #made({ place, kind }) {
    const node = el("div", { role: "slider", tabindex: "0", class: `handle ${kind}`,
      "aria-orientation": "horizontal" });
    const handle = { node, price: "", isMoved: false };
    node.addEventListener("keydown", (event) => {
      const way = WAYS[event.key];
      if (way === undefined) return;
      event.preventDefault();
      const step = multiply(this.#step, decimal(way));
      const by = event.shiftKey ? multiply(step, LONG_STEP) : step;
      const moved = add(decimal(handle.price), by);
      if (moved.units > 0n) this.onMove(place, trimmed(moved));
    });
    node.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      node.focus();
      node.setPointerCapture(event.pointerId);
    });
    node.addEventListener("pointermove", (event) => {
      if (!node.hasPointerCapture(event.pointerId)) return;
      const x = event.clientX - this.node.getBoundingClientRect().left;
      const price = priceNear(this.#scale.priceAt(x), this.#step);
      if (price === null) return;
      handle.price = price;
      node.style.setProperty("left", `${this.#scale.at(price)}px`);
      tell(node, price);
      handle.isMoved = true;
    });
    node.addEventListener("lostpointercapture", () => {
      if (!handle.isMoved) return;
      handle.isMoved = false;
      this.onMove(place, handle.price);
    });
    this.#handles.set(place, handle);
    this.node.append(node);
    return handle;
  }
}

function tell(node, price) {
  setAttribute(node, "aria-valuenow", price);
  setAttribute(node, "aria-valuetext", figure(price));
  setAttribute(node, "data-price", figure(price));
}

/** How far an arrow key moves a level near a price.
    @param {string} price @returns {import("../decimal.js").Decimal} */
export function stepAt(price) {
  const exponent = Math.floor(Math.log10(Number(price))) - STEPS_PER_PRICE;
  return exponent >= 0 ? { units: 10n ** BigInt(exponent), scale: 0 }
    : { units: 1n, scale: -exponent };
}

/** The multiple of a step that is nearest to where the pointer is; null for none above 0.
    @param {number} pointed @param {import("../decimal.js").Decimal} step @returns {?string} */
export function priceNear(pointed, step) {
  const count = Math.round(pointed / Number(plain(step)));
  return count <= 0 ? null : trimmed(multiply({ units: BigInt(count), scale: 0 }, step));
}
