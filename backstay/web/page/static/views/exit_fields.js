/* The fields of exits, which opening and changing share: what is left empty is left out. The words
   are those of the API; the page reads none of them. */

import { byId, el } from "../dom.js";

const RUNGS_MAX = 8;
const NONE = "none";

/** @typedef {{at: string, close?: string, stop?: string}} AskedRung */

export class ExitFields {
  /** @param {HTMLElement} place gets the fields
      @param {() => void} onChange is told when a row comes or goes */
  constructor(place, onChange) {
    const template = /** @type {HTMLTemplateElement} */ (byId("exit-fields"));
    place.append(template.content.cloneNode(true));
    this.place = place;
    this.onChange = onChange;
    this.rows = place.querySelector(".rungs");
    this.add = place.querySelector("[data-add]");
    this.add.addEventListener("click", () => {
      this.#append();
      this.onChange();
      this.rows.lastElementChild.querySelector("input").focus();
    });
  }

  /** Fill in exits in the API's words, `none` where there is none.
      @param {{stop_loss?: string, trailing?: string, close_after?: string}} asked
      @param {AskedRung[]} rungs @param {number} [first] the number of the first rung */
  fill(asked, rungs, first = 1) {
    this.first = first;
    const [trail, start = ""] = (asked.trailing ?? "").split(" from ");
    const [distance, step = ""] = trail.split("/");
    const isTrail = distance !== "" && distance !== NONE;
    this.#control("stop_loss").value = asked.stop_loss ?? "";
    this.#control("trailing.distance").value = isTrail ? distance : "";
    this.#control("trailing.step").value = isTrail ? step : "";
    this.#control("trailing.from").value = isTrail ? start : "";
    this.#control("close_after").value = asked.close_after === NONE ? "" : asked.close_after ?? "";
    this.rows.replaceChildren();
    for (const rung of rungs) this.#append(rung);
    if (rungs.length === 0) this.#append();
  }

  /** What the fields say, by the API's names; "" or no rung where a field is empty.
      @returns {{stop_loss: string, take_profits: AskedRung[] | "none", close_after: string,
                 trailing: Record<string, string> | "none" | ""}} */
  value() {
    const text = (place) => this.#control(place).value.trim();
    const rungs = [...this.rows.children].map((_, index) => filled({
      at: text(`take_profits.${index}.at`), close: text(`take_profits.${index}.close`),
      stop: text(`take_profits.${index}.stop`) })).filter((rung) => Object.keys(rung).length > 0);
    const trail = filled({ distance: text("trailing.distance"), from: text("trailing.from"),
      step: text("trailing.step") });
    return {
      stop_loss: text("stop_loss"),
      take_profits: rungs.length === 1 && rungs[0].at === NONE ? NONE : rungs,
      trailing: trail.distance === NONE ? NONE : Object.keys(trail).length === 0 ? "" : trail,
      close_after: text("close_after"),
    };
  }

  /** Write a level that was moved on the drawing.
      @param {string} place such as `stop_loss` or `take_profits.0.at` @param {string} price */
  write(place, price) {
    this.#control(place).value = price;
  }

  #control(place) {
    return this.place.querySelector(`[data-place="${place}"]`);
  }

  #append({ at = "", close = "", stop = "" } = {}) {
    const number = (index) => `Take-profit ${this.first + index}`;
    const field = (name, value, placeholder = "") => el("input", { value, placeholder,
      autocomplete: "off", spellcheck: "false", list: name === "stop" ? "rung-stops" : null,
      "data-name": name });
    const remove = el("button", { type: "button", class: "small", onclick: () => {
      row.remove();
      if (this.rows.childElementCount === 0) this.#append();
      name();
      this.add.focus();
      this.onChange();
    } }, "Remove");
    const labelled = (text, control) => el("div", { class: "field" }, el("label", {}, text, control));
    const row = el("li", { class: "rung-row" },
      labelled("Level ", field("at", at, "65000 or 3%")),
      labelled("Closes ", field("close", close)),
      labelled("Then stop to ", field("stop", stop)), remove);
    const name = () => {
      [...this.rows.children].forEach((one, index, all) => {
        // What stands in for an empty field: the pattern of `filled_in` in trading/exits/ladder.py.
        one.querySelector('[data-name="close"]').placeholder =
          index === all.length - 1 ? "the rest" : "0%";
        one.querySelector('[data-name="stop"]').placeholder =
          this.first + index === 1 ? "breakeven" : "previous";
        for (const control of one.querySelectorAll("input")) {
          control.dataset.place = `take_profits.${index}.${control.dataset.name}`;
          control.setAttribute("aria-label", `${number(index)}: `
            + { at: "level", close: "share that it closes", stop: "stop-loss then" }[
              control.dataset.name]);
        }
        one.querySelector("button").setAttribute("aria-label", `Remove take-profit ${this.first + index}`);
      });
      this.add.hidden = this.rows.childElementCount >= RUNGS_MAX;
    };
    this.rows.append(row);
    name();
  }
}

/** Without the entries that are empty. */
function filled(texts) {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ""));
}
