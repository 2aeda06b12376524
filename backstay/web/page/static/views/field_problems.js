/* What the service says of a command, beside the control that it is about. */

import { Refusal } from "../api.js";
import { el, setAttribute } from "../dom.js";

/* A denial is of the whole command; these are about one of its fields in the first place. */
const PLACES = {
  "account-unknown": "account", "trading-paused": "account", "limit-open-positions": "account",
  "insufficient-balance": "size", "notional-too-small": "size", "limit-position-notional": "size",
  "limit-symbol-notional": "size", "amount-invalid": "size",
  "price-unknown": "symbol", "price-stale": "symbol", "market-quarantined": "symbol",
  "paused-by-network": "symbol", "ladder-invalid": "exits", "stop-invalid": "stop_loss",
};

/** Say beside each control what is wrong with it; one that is right loses what was said.
    @param {HTMLFormElement} form @param {unknown} [error] none where nothing is wrong
    @returns {HTMLElement[]} the controls that are wrong */
export function showProblems(form, error) {
  for (const note of form.querySelectorAll(".problem")) note.remove();
  const controls = [...form.elements];
  for (const control of controls) {
    setAttribute(control, "aria-invalid", null);
    setAttribute(control, "aria-describedby", null);
  }
  const told = new Map();
  for (const { place, detail } of error instanceof Refusal ? problemsOf(error) : []) {
    const control = controlOf(controls, place);
    if (control !== undefined) told.set(control, [...(told.get(control) ?? []), detail]);
  }
  for (const [control, details] of told) {
    const id = `${form.id}-${control.name || control.dataset.place}-problem`;
    const note = el("small", { class: "problem", id }, details.join("; "));
    if (control instanceof HTMLFieldSetElement) control.append(note);
    else control.closest("label").after(note);
    setAttribute(control, "aria-invalid", "true");
    setAttribute(control, "aria-describedby", id);
  }
  return controls.filter((control) => told.has(control));
}

/** @param {Refusal} refusal @returns {{place: string, detail: string}[]} */
function problemsOf(refusal) {
  const placed = refusal.errors.filter(({ place }) => place.startsWith("body."))
    .map(({ place, detail }) => ({ place: place.slice("body.".length), detail }));
  const place = PLACES[refusal.type.split(":").at(-1)];
  return placed.length === 0 && place !== undefined
    ? [{ place, detail: refusal.message }] : placed;
}

/** The control of a place, or else that of what holds it: `take_profits.1.at`, `take_profits`. */
function controlOf(controls, place) {
  for (let parts = place.split("."); parts.length > 0; parts.pop()) {
    const name = parts.join(".");
    const found = controls.find(({ dataset, name: own }) =>
      own === name || dataset.place === name || dataset.for?.split(" ").includes(name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Go to the first of some controls; one within a closed part is shown.
    @param {HTMLElement[]} controls */
export function goTo([first]) {
  if (first === undefined) return;
  const closed = first.closest("details");
  if (closed !== null) closed.open = true;
  (first instanceof HTMLFieldSetElement ? first.querySelector("input, select") : first)?.focus();
}
