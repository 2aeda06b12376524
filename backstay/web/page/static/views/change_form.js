/* Changing an open position: its stop-loss, the take-profits ahead, its trail and its time stop, on
   its drawing or in the fields. What is not changed is not sent. */

import { patch, post } from "../api.js";
import { byId, el, setText } from "../dom.js";
import { figure, quantity } from "../format.js";
import { drawLadder, scaleOf } from "../ladder.js";
import { markOf } from "../positions.js";
import { FormDialog } from "./dialog.js";
import { ExitFields } from "./exit_fields.js";
import { showProblems } from "./field_problems.js";
import { KeyedCommand } from "./keyed.js";
import { LadderHandles } from "./ladder_handles.js";
import { Asking, PreviewPanel, summaryOf } from "./preview.js";

const UNCHANGED = "Nothing is changed yet.";
const NAMES = ["stop_loss", "take_profits", "trailing", "close_after"];

export class ChangeForm {
  #id = 0;
  #before = null; // what the fields said at first
  #ladder = null; // what is drawn
  #command = new KeyedCommand();

  /** @param {import("../store.js").Store} store @param {import("../sync.js").Sync} sync
      @param {(text: string) => void} onDone is told what was changed */
  constructor(store, sync, onDone) {
    this.store = store;
    this.sync = sync;
    this.onDone = onDone;
    this.dialog = new FormDialog("change", () => this.#change());
    this.fields = new ExitFields(byId("change-exits"), () => this.asking.soon());
    this.handles = new LadderHandles((place, price) => this.#moved(place, price));
    this.panel = new PreviewPanel(byId("change-preview"), (width) => this.#draw(width));
    const editor = el("div", { class: "ladder-editor" });
    this.panel.drawing.replaceWith(editor);
    editor.append(this.panel.drawing, this.handles.node);
    this.asking = new Asking(() => this.#preview(), (preview, isAgain) => {
      this.#show(preview, isAgain);
    }, (error) => this.#refused(error));
    this.dialog.form.addEventListener("input", () => this.asking.soon());
    this.dialog.dialog.addEventListener("close", () => this.asking.stop());
    store.follow(["markets"], () => { if (this.dialog.dialog.open) this.asking.again(); });
  }

  /** @param {number} id of the position */
  show(id) {
    const position = this.store.state.positions.get(id);
    if (position === undefined) return;
    this.#id = id;
    this.#ladder = position;
    const hit = position.rungs_hit;
    this.fields.fill({ ...position.asked, stop_loss: position.stop_loss },
      position.take_profits.slice(hit).map(({ at, close, stop }) => ({ at, close, stop })), hit + 1);
    this.#before = this.fields.value();
    showProblems(this.dialog.form);
    setText(byId("change-heading"), `Change position ${id}: ${position.side} ${position.symbol}`);
    setText(byId("change-text"), `${quantity(position.open_quantity)} at `
      + `${figure(position.entry_price)} in account ${position.account}. Asked for: stop-loss `
      + `${position.asked.stop_loss}, take-profits ${position.asked.take_profits}, trail `
      + `${position.asked.trailing}, close after ${position.asked.close_after}.`);
    this.panel.clear(UNCHANGED, null);
    this.dialog.show();
  }

  /** What differs from what the fields said at first; `none` for what was emptied. */
  #changes() {
    const now = this.fields.value();
    const isOther = (name) => JSON.stringify(now[name]) !== JSON.stringify(this.#before[name]);
    return Object.fromEntries(NAMES.filter(isOther)
      .map((name) => [name, now[name] === "" ? "none" : now[name]]));
  }

  #preview() {
    const changes = this.#changes();
    if (Object.keys(changes).length === 0) return null;
    const path = `/positions/${this.#id}/preview`;
    return () => post(path, changes);
  }

  #show(preview, isQuiet) {
    showProblems(this.dialog.form);
    this.#ladder = preview.ladder;
    this.panel.show(preview, isQuiet);
    this.panel.say(`${preview.texts.join(". ")}. ${summaryOf(preview)}`, null, isQuiet);
  }

  #refused(error) {
    showProblems(this.dialog.form, error);
    if (error === null) this.#ladder = this.store.state.positions.get(this.#id) ?? this.#ladder;
    this.panel.clear(error === null ? UNCHANGED : error.message, error === null ? null : "bad");
  }

  /** A level was moved on the drawing. */
  #moved(place, price) {
    this.fields.write(place, price);
    const ladder = this.#ladder;
    if (place === "stop_loss") this.#ladder = { ...ladder, stop_loss: price };
    else {
      const index = ladder.rungs_hit + Number(place.split(".")[1]);
      this.#ladder = { ...ladder,
        take_profit_prices: ladder.take_profit_prices.with(index, price) };
    }
    this.panel.redraw();
    this.asking.soon();
  }

  #draw(width) {
    const ladder = this.#ladder;
    if (ladder === null) return el("span");
    const mark = markOf(ladder, this.store.state.markets);
    const hit = ladder.rungs_hit;
    this.handles.show([
      { place: "stop_loss", kind: "stop", name: "Stop-loss", price: ladder.stop_loss },
      ...ladder.take_profit_prices.slice(hit).map((price, index) => ({ kind: "rung", price,
        place: `take_profits.${index}.at`, name: `Take-profit ${hit + index + 1}` })),
    ], scaleOf(ladder, width), ladder.entry_price, width);
    return drawLadder(ladder, mark, width);
  }

  async #change() {
    this.asking.stop();
    const changes = this.#changes();
    if (Object.keys(changes).length === 0) throw new Error(UNCHANGED);
    const position = await this.#command.send(`/positions/${this.#id}`, changes, patch,
      "Press Send the change again: it is made once at most.");
    this.dialog.close();
    this.sync.took([position]);
    this.onDone(`Position ${position.id} changed: stop-loss ${position.stop_loss}, `
      + `take-profits ${position.asked.take_profits}`);
  }
}
