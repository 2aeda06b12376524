/* Opening a position. Until an answer says what became of it, the same request keeps its key, so
   that trying again opens one position at most. */

import { NoAnswer, post, Refusal } from "../api.js";
import { offer } from "../dom.js";
import { percent } from "../format.js";
import { FormDialog } from "./dialog.js";

const EXITS = ["stop_loss", "take_profits", "trailing", "close_after", "take_profit_fill"];

export class OpenForm {
  #unanswered = null; // the last request whose outcome is not known, and its key

  /** @param {import("../store.js").Store} store @param {import("../sync.js").Sync} sync
      @param {(text: string) => void} onDone is told what was opened */
  constructor(store, sync, onDone) {
    this.sync = sync;
    this.onDone = onDone;
    this.dialog = new FormDialog("open", (form) => this.#open(form));
    store.follow(["accounts"], ({ accounts }) =>
      offer(this.dialog.form.elements.account,
        accounts.map(({ account }) => [account, account])));
  }

  show() {
    this.dialog.show();
    this.dialog.form.elements.symbol.focus();
  }

  async #open(form) {
    const body = requestOf(new FormData(form));
    const text = JSON.stringify(body);
    const key = this.#unanswered?.text === text ? this.#unanswered.key : newKey();
    this.#unanswered = { text, key };
    try {
      const position = await post("/positions", body, { "Idempotency-Key": key });
      this.#unanswered = null;
      this.dialog.close();
      form.elements.size.value = "";
      this.sync.took([position]);
      this.onDone(`Position ${position.id} opened: ${position.side} of ${position.quantity} `
        + `${position.symbol} at ${position.entry_price}${untargeted(position)}`);
    } catch (error) {
      if (error instanceof Refusal && error.isFinal) this.#unanswered = null;
      if (error instanceof NoAnswer) {
        throw new Error(`${error.message}. Press Open position again: it opens one at most.`);
      }
      throw error;
    }
  }
}

/** What no take-profit of a position closes, as a sentence. */
function untargeted({ untargeted_fraction: share }) {
  return share === "0" ? ""
    : `. ${percent(share)} of it has no take-profit: it waits for the stop-loss or a close`;
}

/** The request that a filled form asks for; what is left empty is left to the service.
    @param {FormData} fields */
export function requestOf(fields) {
  const text = (name) => String(fields.get(name) ?? "").trim();
  const body = { account: text("account"), symbol: text("symbol"), side: text("side") };
  body[text("by")] = text("size");
  for (const name of EXITS) if (text(name) !== "") body[name] = text(name);
  return body;
}

/** 128 random bits; randomUUID is not there where the page comes by plain HTTP from elsewhere. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
