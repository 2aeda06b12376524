/* The open positions that were chosen, a page at a time.

   The order is found anew now and then and not at each price, and never while somebody is in the
   list: nothing moves away from under a finger or the keyboard. */

import { arrange, byId, offer, setText } from "../dom.js";
import { count } from "../format.js";
import { markOf, ordered } from "../positions.js";
import { breathe, eachInSlices, oneAtATime } from "../slices.js";
import { Card } from "./card.js";

const PAGE = 50;
const ORDER_MS = 5000;
const AGES_MS = 1000;
const WIDTH_STEP = 10; // pixels by which a ladder's width changes

/** @typedef {import("./card.js").Actions} Actions */

export class PositionList {
  #cards = new Map();
  #order = []; // the ids of all that were chosen
  #orderedOf = null; // the positions that the order was found for
  #orderedAt = 0;
  #isNewChoice = true;
  #page = 0;
  #width = 0;
  #show = oneAtATime(() => this.#showPage());

  /** @param {import("../store.js").Store} store @param {Actions} actions */
  constructor(store, actions) {
    this.store = store;
    this.actions = actions;
    this.list = byId("position-list");
    this.filter = byId("filter");
    this.filter.addEventListener("change", () => this.#choose(0));
    this.filter.addEventListener("submit", (event) => event.preventDefault());
    byId("page-before").addEventListener("click", () => this.#turn(-1));
    byId("page-next").addEventListener("click", () => this.#turn(1));
    new ResizeObserver(() => this.#measure()).observe(this.list);
    store.follow(["positions", "markets", "may", "isLoaded"], () => this.#show());
    setInterval(() => this.#show(), AGES_MS);
  }

  #choose(page) {
    this.#page = page;
    this.#isNewChoice = true;
    return this.#show();
  }

  async #turn(by) {
    await this.#choose(this.#page + by);
    byId("positions").scrollIntoView();
    if (document.activeElement === document.body || document.activeElement.disabled) {
      byId("positions").focus();
    }
  }

  /** How wide a ladder is, from the place that it has. */
  #measure() {
    const place = this.list.querySelector(".ladder-place");
    if (place === null) return;
    const width = Math.floor(place.clientWidth / WIDTH_STEP) * WIDTH_STEP;
    if (width === this.#width || width === 0) return;
    this.#width = width;
    this.#show();
  }

  async #showPage() {
    const { positions, isLoaded } = this.store.state;
    this.#offerChoices(positions);
    await this.#findOrder();
    const last = Math.max(0, Math.ceil(this.#order.length / PAGE) - 1);
    this.#page = Math.min(this.#page, last);
    const shown = this.#order.slice(this.#page * PAGE, (this.#page + 1) * PAGE);
    await this.#placeCards(shown);
    await this.#showCards(shown);
    this.#showCount(shown.length, last);
    const empty = byId("positions-empty");
    empty.hidden = shown.length > 0;
    setText(empty, !isLoaded ? "Reading…"
      : positions.size === 0 ? "No position is open." : "No open position matches.");
  }

  #offerChoices(positions) {
    const [accounts, symbols] = [new Set(), new Set()];
    for (const position of positions.values()) {
      accounts.add(position.account);
      symbols.add(position.symbol);
    }
    const { account, symbol } = this.filter.elements;
    // What is chosen stays on offer, also when its last position is closed.
    for (const [select, names] of [[account, accounts], [symbol, symbols]]) {
      if (select.value !== "") names.add(select.value);
      offer(select, [["", "All"], ...[...names].sort().map((name) => [name, name])]);
    }
  }

  async #findOrder() {
    const { positions, markets } = this.store.state;
    const { account, symbol, side, order } = this.filter.elements;
    const isDue = performance.now() - this.#orderedAt > ORDER_MS && order.value !== "newest"
      && !this.list.contains(document.activeElement) && !this.list.matches(":hover");
    if (!this.#isNewChoice && !isDue && this.#orderedOf === positions) return;
    const isSettled = !this.#isNewChoice && !isDue && order.value !== "newest";
    this.#isNewChoice = false;
    this.#orderedOf = positions;
    const filter = { account: account.value, symbol: symbol.value, side: side.value };
    const found = await ordered(positions, markets, filter, order.value);
    if (isSettled) {
      // Only the set has changed: what is there stays where it is, what is new comes first.
      const [matching, known] = [new Set(found), new Set(this.#order)];
      this.#order = [...found.filter((id) => !known.has(id)),
        ...this.#order.filter((id) => matching.has(id))];
    } else {
      this.#order = found;
      this.#orderedAt = performance.now();
    }
  }

  async #placeCards(shown) {
    const wanted = new Set(shown);
    const hadFocus = this.list.contains(document.activeElement);
    for (const id of [...this.#cards.keys()]) if (!wanted.has(id)) this.#cards.delete(id);
    const placed = [];
    let isFirst = this.list.childElementCount === 0;
    await eachInSlices(shown, (id) => {
      const position = this.store.state.positions.get(id);
      if (position === undefined) return;
      if (!this.#cards.has(id)) {
        this.#cards.set(id, new Card(position, this.actions));
      }
      placed.push(this.#cards.get(id).node);
      if (!isFirst) return;
      isFirst = false;
      this.list.append(placed[0]);
      this.#measure();
    });
    arrange(this.list, placed);
    if (hadFocus && document.activeElement === document.body) byId("positions").focus();
    if (this.#width === 0) this.#measure();
  }

  async #showCards(shown) {
    const now = Date.now();
    await breathe();
    await eachInSlices(shown, (id) => {
      const { positions, markets, may } = this.store.state;
      const position = positions.get(id);
      const card = this.#cards.get(id);
      if (position === undefined || card === undefined) return;
      card.show(position, markOf(position, markets), this.#width || 300, may.trade, now);
    });
  }

  #showCount(number, last) {
    const from = this.#page * PAGE + 1;
    const all = this.#order.length;
    const isFiltered = all !== this.store.state.positions.size;
    setText(byId("positions-count"), `${count(all, "position")}${isFiltered ? " chosen" : ""}`);
    setText(byId("page-shown"), `${from} to ${from + number - 1} of ${all}`);
    byId("pager").hidden = last === 0;
    byId("page-before").disabled = this.#page === 0;
    byId("page-next").disabled = this.#page === last;
  }
}
