/* What an operator decides: pausing and resuming opens, accepting a price in quarantine. */

import { post } from "../api.js";
import { byId, offer, setText } from "../dom.js";
import { figure } from "../format.js";
import { FormDialog } from "./dialog.js";
import { pausesOf } from "./status.js";

export class PauseForm {
  /** @param {import("../store.js").Store} store @param {import("../sync.js").Sync} sync
      @param {(text: string) => void} onDone is told what holds now */
  constructor(store, sync, onDone) {
    this.store = store;
    this.sync = sync;
    this.onDone = onDone;
    this.dialog = new FormDialog("pause", (form) => this.#submit(form));
    this.dialog.form.elements.account.addEventListener("change", () => this.#describe());
    store.follow(["accounts"], ({ accounts }) => offer(this.dialog.form.elements.account,
      [["", "All accounts"], ...accounts.map(({ account }) => [account, account])]));
    store.follow(["trading"], () => this.#describe());
  }

  show() {
    const { account, reason } = this.dialog.form.elements;
    account.value = pausesOf(this.store.state.trading)[0]?.account ?? "";
    reason.value = "";
    this.#describe();
    this.dialog.show();
    reason.focus();
  }

  /** The pause that the chosen accounts have now, if any. */
  #pause() {
    const chosen = this.dialog.form.elements.account.value;
    return pausesOf(this.store.state.trading).find(({ account }) => account === chosen);
  }

  #describe() {
    const pause = this.#pause();
    setText(byId("pause-text"), pause === undefined
      ? "No position can be opened until you resume, also after a restart. Stops, take-profits and closes "
        + "go on."
      : `Opens are paused: ${pause.reason}. Resuming allows them again.`);
    setText(this.dialog.button, pause === undefined ? "Pause opens" : "Resume opens");
  }

  async #submit(form) {
    const isPause = this.#pause() === undefined;
    const { account, reason } = form.elements;
    const trading = await post(
      isPause ? "/trading/pause" : "/trading/resume",
      { account: account.value || null, reason: reason.value.trim() });
    this.dialog.close();
    this.sync.tookTrading(trading);
    this.onDone(isPause ? "Opens are paused" : "Opens are allowed again");
  }
}

export class ReleaseForm {
  #asked = { symbol: "", candidate: "" };

  /** @param {import("../store.js").Store} store
      @param {(text: string) => void} onDone is told what was accepted */
  constructor(store, onDone) {
    this.store = store;
    this.onDone = onDone;
    this.dialog = new FormDialog("release", () => this.#submit());
  }

  /** @param {string} symbol @param {string} candidate the price in quarantine */
  show(symbol, candidate) {
    this.#asked = { symbol, candidate };
    const last = this.store.state.markets.get(symbol)?.last_price ?? null;
    setText(byId("release-text"),
      `${figure(candidate)} waits as a price of ${symbol}; the last accepted one is `
      + `${figure(last)}. `
      + "If you accept it, stops and take-profits act on it at once.");
    this.dialog.show();
  }

  async #submit() {
    const { symbol, candidate } = this.#asked;
    await post(`/markets/${encodeURIComponent(symbol)}/release`, { price: candidate });
    this.dialog.close();
    this.onDone(`${figure(candidate)} accepted as a price of ${symbol}`);
  }
}
