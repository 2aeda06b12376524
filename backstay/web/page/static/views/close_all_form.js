/* Closing all positions that match: says before how many. */

import { post } from "../api.js";
import { byId, el, offer, setText } from "../dom.js";
import { count } from "../format.js";
import { matches } from "../positions.js";
import { FormDialog } from "./dialog.js";

export class CloseAllForm {
  /** @param {import("../store.js").Store} store @param {import("../sync.js").Sync} sync
      @param {(text: string) => void} onDone is told what was closed */
  constructor(store, sync, onDone) {
    this.store = store;
    this.sync = sync;
    this.onDone = onDone;
    this.dialog = new FormDialog("close-all", (form) => this.#close(form));
    this.dialog.form.addEventListener("change", () => this.#describe());
    store.follow(["positions", "accounts"], () => this.#describe());
  }

  show() {
    byId("close-all-denied").replaceChildren();
    this.dialog.form.elements.force.checked = false;
    this.dialog.show();
    this.#describe();
  }

  #describe() {
    if (!this.dialog.dialog.open) return;
    const { accounts, positions } = this.store.state;
    const { account, symbol } = this.dialog.form.elements;
    const symbols = [...new Set([...positions.values()].map((position) => position.symbol))].sort();
    offer(account, [["", "All accounts"], ...accounts.map((one) => [one.account, one.account])]);
    offer(symbol, [["", "All symbols"], ...symbols.map((name) => [name, name])]);
    const filter = { account: account.value, symbol: symbol.value, side: "" };
    const found = [...positions.values()].filter((position) => matches(position, filter)).length;
    setText(byId("close-all-text"), found === 0
      ? "No open position matches: nothing will be closed."
      : `This closes ${count(found, "open position")}, each at its mark price. `
        + "It cannot be undone.");
  }

  async #close(form) {
    const { account, symbol, force } = form.elements;
    byId("close-all-denied").replaceChildren();
    const answer = await post("/positions/close-all", {
      account: account.value || null, symbol: symbol.value || null, force: force.checked,
    });
    this.sync.took(answer.closed);
    const text = `${count(answer.closed.length, "position")} closed`;
    this.onDone(text);
    if (answer.denied.length === 0 && answer.pending.length === 0) {
      this.dialog.close();
      return;
    }
    byId("close-all-denied").replaceChildren(
      ...answer.denied.map(({ id, problem }) => el("li", {}, `Position ${id}: ${problem.detail}`)),
      ...answer.pending.map((id) => el("li", {}, `Position ${id}: no answer yet`)),
    );
    this.dialog.tell(`${text}, ${answer.denied.length} refused, ${answer.pending.length} pending`);
  }
}
