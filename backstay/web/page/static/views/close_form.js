/* Closing a position, or a part of it: says before what it will come to. */

import { post } from "../api.js";
import { decimal } from "../decimal.js";
import { byId, setText } from "../dom.js";
import { figure, quantity, signedMoney } from "../format.js";
import { FormDialog } from "./dialog.js";
import { KeyedCommand } from "./keyed.js";
import { Asking } from "./preview.js";

const ALL = "100%";

export class CloseForm {
  #id = 0;
  #command = new KeyedCommand();

  /** @param {import("../store.js").Store} store @param {import("../sync.js").Sync} sync
      @param {(text: string) => void} onDone is told what was closed */
  constructor(store, sync, onDone) {
    this.store = store;
    this.sync = sync;
    this.onDone = onDone;
    this.dialog = new FormDialog("close", (form) => this.#close(form));
    this.asking = new Asking(() => {
      const [path, body] = [`/positions/${this.#id}/close/preview`, this.#part()];
      return () => post(path, body);
    }, (preview) => this.#show(preview), (error) => setText(byId("close-preview"), error.message));
    this.dialog.form.addEventListener("change", () => this.#describe());
    this.dialog.dialog.addEventListener("close", () => this.asking.stop());
    store.follow(["markets"], () => { if (this.dialog.dialog.open) this.asking.again(); });
  }

  /** @param {number} id of the position */
  show(id) {
    this.#id = id;
    this.dialog.form.elements.note.value = "";
    this.dialog.form.elements.share.value = ALL;
    setText(byId("close-preview"), "");
    this.#describe();
    this.dialog.show();
  }

  /** The part of a request; a close of all names none. */
  #part() {
    const share = this.dialog.form.elements.share.value;
    return share === ALL ? {} : { share };
  }

  #describe() {
    const position = this.store.state.positions.get(this.#id);
    if (position === undefined) return;
    const { share } = this.#part();
    setText(this.dialog.button, share === undefined ? "Close position" : `Close ${share}`);
    setText(byId("close-text"),
      `This closes ${share === undefined ? "all" : share} of what is open of position `
      + `${position.id}, ${position.side} of ${quantity(position.open_quantity)} `
      + `${position.symbol} in account ${position.account}, at the mark price. `
      + "It cannot be undone.");
    this.asking.soon();
  }

  #show({ price, quantity: closes, left, net_pnl: net }) {
    setText(byId("close-preview"), `At ${figure(price)} it closes ${quantity(closes)}: net `
      + `${signedMoney(decimal(net))}, costs included. `
      + (left === "0" ? "Nothing stays open." : `${quantity(left)} stay open.`));
  }

  async #close(form) {
    this.asking.stop();
    const note = form.elements.note.value.trim();
    const body = { ...this.#part(), ...(note === "" ? {} : { note }) };
    const answer = await this.#command.send(`/positions/${this.#id}/close`, body, post,
      "Press the button again: it closes it once at most.");
    this.dialog.close();
    this.sync.took([answer.position]);
    this.onDone(doneText(answer));
  }
}

function doneText({ position, already_closed: was }) {
  const { id, status, exit_price: price, open_quantity: left } = position;
  if (was) return `Position ${id} had been closed already, at ${price}`;
  return status === "CLOSED" ? `Position ${id} closed at ${price}`
    : `A part of position ${id} closed, ${left} stay open`;
}
