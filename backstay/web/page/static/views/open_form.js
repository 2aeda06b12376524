/* Opening a position: what is asked for, the ladder that it would have, and the command. */

import { post } from "../api.js";
import { byId, offer } from "../dom.js";
import { percent } from "../format.js";
import { FormDialog } from "./dialog.js";
import { ExitFields } from "./exit_fields.js";
import { showProblems } from "./field_problems.js";
import { KeyedCommand } from "./keyed.js";
import { Asking, PreviewPanel } from "./preview.js";

const NOTHING_YET = "Give a symbol and a size, and the ladder is drawn here before it is opened.";

export class OpenForm {
  #command = new KeyedCommand();

  /** @param {import("../store.js").Store} store @param {import("../sync.js").Sync} sync
      @param {(text: string) => void} onDone is told what was opened */
  constructor(store, sync, onDone) {
    this.sync = sync;
    this.onDone = onDone;
    this.dialog = new FormDialog("open", (form) => this.#open(form));
    this.form = this.dialog.form;
    this.exits = new ExitFields(byId("open-exits"), () => this.asking.soon());
    this.exits.fill({}, []);
    this.panel = new PreviewPanel(byId("open-preview"));
    this.asking = new Asking(() => this.#preview(), (preview, isAgain) => {
      showProblems(this.form);
      this.panel.show(preview, isAgain);
    }, (error) => this.#refused(error));
    this.form.addEventListener("input", () => this.asking.soon());
    this.dialog.dialog.addEventListener("close", () => this.asking.stop());
    store.follow(["accounts"], ({ accounts }) =>
      offer(this.form.elements.account, accounts.map(({ account }) => [account, account])));
    store.follow(["markets"], () => { if (this.dialog.dialog.open) this.asking.again(); });
  }

  show() {
    this.dialog.show();
    this.form.elements.symbol.focus();
    this.asking.soon();
  }

  #request() {
    return requestOf(new FormData(this.form), this.exits.value());
  }

  #preview() {
    const { symbol, size } = this.form.elements;
    if (symbol.value.trim() === "" || size.value.trim() === "") return null;
    const body = this.#request();
    return () => post("/positions/preview", body);
  }

  #refused(error) {
    showProblems(this.form, error);
    if (error === null) this.panel.clear(NOTHING_YET, null);
    else this.panel.clear(error.message, "bad");
  }

  async #open(form) {
    this.asking.stop();
    const position = await this.#command.send("/positions", this.#request(), post,
      "Press Open position again: it opens one at most.");
    this.dialog.close();
    form.elements.size.value = "";
    this.sync.took([position]);
    this.onDone(`Position ${position.id} opened: ${position.side} of ${position.quantity} `
      + `${position.symbol} at ${position.entry_price}${untargeted(position)}`);
  }
}

/** What no take-profit of a position closes, as a sentence. */
function untargeted({ untargeted_fraction: share }) {
  return share === "0" ? ""
    : `. ${percent(share)} of it has no take-profit: it waits for the stop-loss or a close`;
}

/** The request that a filled form asks for; what is left empty is left to the service.
    @param {FormData} fields @param {ReturnType<ExitFields["value"]>} exits */
export function requestOf(fields, exits) {
  const text = (name) => String(fields.get(name) ?? "").trim();
  const body = { account: text("account"), symbol: text("symbol"), side: text("side") };
  body[text("by")] = text("size");
  for (const [name, value] of Object.entries(exits)) if (value.length !== 0) body[name] = value;
  if (text("take_profit_fill") !== "") body.take_profit_fill = text("take_profit_fill");
  return body;
}
