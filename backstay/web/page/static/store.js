/* What the page knows, and the pure steps by which it learns. Views are told of what changed. */

import { breathe } from "./slices.js";

const EVENTS_MAX = 100;
const CLOSED_MAX = 100;
const STALE_MS = 4000;

/** @typedef {import("./positions.js").Position} Position */
/** @typedef {import("./stream.js").StreamedEvent} StreamedEvent */
/** @typedef {ReturnType<typeof initialState>} State never changed in place */

export function initialState() {
  return {
    accounts: /** @type {Record<string, any>[]} */ ([]),
    /** Health checks by account. */
    health: /** @type {Map<string, Record<string, any>>} */ (new Map()),
    positions: /** @type {Map<number, Position>} */ (new Map()),
    /** Closed ones, the last closed first. */
    closed: /** @type {Position[]} */ ([]),
    markets: /** @type {Map<string, Record<string, any>>} */ (new Map()),
    /** The newest first. */
    events: /** @type {StreamedEvent[]} */ ([]),
    trading: /** @type {?Record<string, any>} */ (null),
    readiness: /** @type {?Record<string, any>} */ (null),
    /** What the caller may do; nothing before it is known. */
    may: { trade: false, administer: false, logOut: false },
    /** When markets were read last and since when there is no stream, in ms of performance.now. */
    contact: { readAt: /** @type {?number} */ (null), streamLostAt: /** @type {?number} */ (0) },
    isLoaded: false,
  };
}

/** For how long, in ms, what is shown may be outdated; 0 while it is live.
    @param {State["contact"]} contact @param {number} now */
export function staleFor({ readAt, streamLostAt }, now) {
  const sinceRead = readAt === null ? now : now - readAt;
  const sinceStream = streamLostAt === null ? 0 : now - streamLostAt;
  const age = Math.max(sinceRead, sinceStream);
  return age > STALE_MS ? age : 0;
}

/** @param {StreamedEvent[]} known @param {StreamedEvent[]} arrived in their order */
export function withEvents(known, arrived) {
  const last = known[0]?.id ?? 0;
  const news = arrived.filter((event) => event.id > last).reverse();
  return [...news, ...known].slice(0, EVENTS_MAX);
}

/** Positions as they were read, among those that are known: open ones stay, closed ones move.
    @param {Pick<State, "positions" | "closed">} known @param {Position[]} read */
export function withPositions({ positions, closed }, read) {
  const open = new Map(positions);
  const done = new Map(closed.map((position) => [position.id, position]));
  for (const position of read) {
    if (position.status === "OPEN" && !done.has(position.id)) open.set(position.id, position);
    if (position.status === "CLOSED") {
      open.delete(position.id);
      done.set(position.id, position);
    }
  }
  return { positions: open, closed: lastClosed([...done.values()]) };
}

/** @param {Position[]} positions closed ones @returns those closed last, the newest first */
export function lastClosed(positions) {
  return positions.sort((a, b) => (a.closed_at < b.closed_at ? 1 : -1)).slice(0, CLOSED_MAX);
}

/** The ids of the positions that events have changed.
    @param {StreamedEvent[]} events @returns {Set<number>} */
export function changedBy(events) {
  return new Set(events.map((event) => event.position_id).filter((id) => id !== null));
}

/** Holds the state, and tells views of it a while after it changed, one view a task. */
export class Store {
  #views = [];
  #changed = new Set();
  #isTelling = false;

  constructor() {
    this.state = initialState();
  }

  /** Learn something.
      @param {Partial<State>} news */
  learn(news) {
    for (const [name, value] of Object.entries(news)) {
      if (this.state[name] !== value) this.#changed.add(name);
    }
    this.state = { ...this.state, ...news };
    this.#tell();
  }

  /** Have a view follow parts of the state; it is shown them at once.
      @param {string[]} names @param {(state: State) => void | Promise<void>} show */
  follow(names, show) {
    this.#views.push({ names, show });
    show(this.state);
  }

  async #tell() {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      while (this.#changed.size > 0) {
        await breathe();
        const changed = this.#changed;
        this.#changed = new Set();
        for (const { names, show } of this.#views) {
          if (!names.some((name) => changed.has(name))) continue;
          await show(this.state);
          await breathe();
        }
      }
    } finally {
      this.#isTelling = false;
    }
  }
}
