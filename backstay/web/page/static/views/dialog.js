/* What all dialogs share: the browser keeps the focus inside and gives it back. */

import { byId, setAttribute, setText } from "../dom.js";
import { goTo, showProblems } from "./field_problems.js";

/** A dialog with a way out and a place for what became of a command. */
export class Dialog {
  /** @param {string} name of an element `name-dialog` of index.html */
  constructor(name) {
    this.dialog = /** @type {HTMLDialogElement} */ (byId(`${name}-dialog`));
    this.outcome = this.dialog.querySelector(".outcome");
    for (const button of this.dialog.querySelectorAll("[data-cancel]")) {
      button.addEventListener("click", () => this.dialog.close());
    }
  }

  show() {
    this.tell(null);
    if (!this.dialog.open) this.dialog.showModal();
  }

  close() {
    this.dialog.close();
  }

  /** Say what became of it; null takes away what was said.
      @param {?string} text @param {"good" | "bad"} [tone] */
  tell(text, tone = "bad") {
    this.outcome.hidden = text === null;
    setText(this.outcome, text ?? "");
    setAttribute(this.outcome, "data-tone", tone);
  }
}

/** A dialog that asks for something, and does it once at a time. */
export class FormDialog extends Dialog {
  /** @param {string} name of the elements `name-dialog` and `name-form`
      @param {(form: HTMLFormElement) => Promise<void>} submit does it, and throws a refusal */
  constructor(name, submit) {
    super(name);
    this.form = /** @type {HTMLFormElement} */ (byId(`${name}-form`));
    this.button = this.form.querySelector("[type=submit]");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(submit);
    });
  }

  async #submit(submit) {
    if (this.button.getAttribute("aria-disabled") === "true") return;
    this.tell(null);
    showProblems(this.form);
    // Not `disabled`: that would take the focus away from who pressed it.
    this.button.setAttribute("aria-disabled", "true");
    try {
      await submit(this.form);
    } catch (error) {
      this.tell(error.message);
      goTo(showProblems(this.form, error));
    } finally {
      this.button.removeAttribute("aria-disabled");
    }
  }
}
