/* What happened of late, as a list, and said to who listens instead of looking. */

import { arrange, byId, el, setText } from "../dom.js";
import { clockTime } from "../format.js";
import { tone } from "../tone.js";

const SHOWN = 40;
const SAID_EVERY_MS = 3000;

/** Says things to a screen reader, one at a time and not too often. */
class Announcer {
  #waiting = [];
  #timer = 0;

  /** @param {string} text */
  say(text) {
    this.#waiting.push(text);
    if (this.#timer === 0) this.#next();
  }

  #next() {
    this.#timer = 0;
    if (this.#waiting.length === 0) return;
    const others = this.#waiting.length - 1;
    setText(byId("announcer"), this.#waiting.pop() + (others > 0 ? `; and ${others} more` : ""));
    this.#waiting = [];
    this.#timer = setTimeout(() => this.#next(), SAID_EVERY_MS);
  }
}

export const announcer = new Announcer();

/** @param {import("../store.js").Store} store
    @param {(id: number) => void} onHistory asks for a position's history */
export function followEvents(store, onHistory) {
  const list = byId("events");
  const nodes = new Map();
  let said = null;
  store.follow(["events", "isLoaded"], ({ events, isLoaded }) => {
    const shown = events.slice(0, SHOWN);
    for (const event of shown) {
      if (!nodes.has(event.id)) nodes.set(event.id, item(event, onHistory));
    }
    const ids = new Set(shown.map((event) => event.id));
    for (const id of [...nodes.keys()]) if (!ids.has(id)) nodes.delete(id);
    arrange(list, shown.map((event) => nodes.get(event.id)));
    byId("events-empty").hidden = events.length > 0;
    if (!isLoaded) return;
    const news = said === null ? [] : events.filter((event) => event.id > said).reverse();
    for (const event of news) announcer.say(aloud(event));
    said = events[0]?.id ?? 0;
  });
}

function aloud(event) {
  const of = event.position_id === null ? "" : `Position ${event.position_id}: `;
  return of + event.text;
}

function item(event, onHistory) {
  const id = event.position_id;
  const of = id === null ? []
    : [el("button", { type: "button", class: "link", "aria-label": `History of position ${id}`,
      onclick: () => onHistory(id) }, `#${id}`), " "];
  return el("li", { "data-tone": tone(event) },
    el("time", { datetime: event.done_at, title: `price or clock: ${event.time}` },
      clockTime(event.done_at)),
    el("p", {}, ...of, event.text));
}
