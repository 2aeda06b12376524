/* How an event is marked beside its sentence: the service says how grave it is. */

/** @typedef {import("./stream.js").StreamedEvent} StreamedEvent */

/** @type {Record<string, "gain" | "loss" | "warning" | "plain">} */
const TONES = { gain: "gain", loss: "loss", warning: "warning", failure: "warning" };

/** @param {StreamedEvent} event @returns {"gain" | "loss" | "warning" | "plain"} */
export function tone(event) {
  return TONES[event.gravity] ?? "plain";
}
