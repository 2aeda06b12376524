/* The event stream, read without end: it resumes after the last event that came, and says when it
   begins, so that what is shown can be read anew. Read by fetch, because an EventSource tells
   neither the number that a stream begins after nor the signs of life in a silence. */

import { eventStream } from "./api.js";
import { pause } from "./slices.js";

const SILENCE_SECONDS_MAX = 40; // the service says something every 15
const RETRY_MS = [250, 500, 1000, 2000, 4000];
const EARLIER_EVENTS = 60; // shown when the page opens
const AGAIN = Symbol("again");

/** @typedef {{id: number, kind: string, account: ?string, position_id: ?number, symbol: ?string,
               time: string, gravity: string, data: Record<string, any>}} StreamedEvent */

/** Parses server-sent events, however their text is cut. */
export class Frames {
  #rest = "";

  /** @param {string} text the next of the stream @returns {{id: ?number, data: ?string}[]} */
  take(text) {
    const parts = (this.#rest + text).split("\n\n");
    this.#rest = parts.pop();
    return parts.filter((part) => !part.startsWith(":")).map((part) => {
      const fields = new Map(part.split("\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
      }));
      const id = fields.get("id");
      return { id: id === undefined ? null : Number(id), data: fields.get("data") ?? null };
    });
  }
}

/** Follows the events while it is told to, reconnecting by itself. */
export class EventFollower {
  #last = null; // the number of the last event known
  #stopping = null;

  /** `began()` at each connection, `came(events)` with each batch, `ended()` when a connection is
      lost, `forgot()` where the numbers have gone back: the events known are another database's.
      @param {{began: () => void, came: (events: StreamedEvent[]) => void, ended: () => void,
               forgot: () => void}} listener */
  constructor(listener) {
    this.listener = listener;
  }

  /** @param {number} known the last event that is known by another way; 0 if none is */
  start(known = 0) {
    if (this.#stopping) return;
    if (known > 0) this.#last = known;
    this.#stopping = new AbortController();
    this.#follow(this.#stopping.signal);
  }

  stop() {
    this.#stopping?.abort();
    this.#stopping = null;
  }

  async #follow(signal) {
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (await this.#connection(signal, () => { failures = 0; }) === AGAIN) continue;
      } catch {
        // What was wrong shows in what is read besides; here there is only trying again.
      }
      if (signal.aborted) return;
      this.listener.ended();
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
      failures += 1;
      await pause(wait * (0.75 + Math.random() / 2), signal);
    }
  }

  async #connection(signal, connected) {
    const silence = new Silence(signal);
    try {
      const reader = (await eventStream(this.#last, silence.signal))
        .pipeThrough(new TextDecoderStream())
        .getReader();
      const frames = new Frames();
      let hasBegun = false;
      for (;;) {
        silence.wait();
        const { done, value } = await reader.read();
        if (done || signal.aborted) return null;
        const arrived = frames.take(value);
        if (!hasBegun && arrived.length > 0) {
          if (this.#isToBeginEarlier(arrived[0].id)) return AGAIN;
          hasBegun = true;
          connected();
          this.listener.began();
        }
        this.#tell(arrived);
      }
    } finally {
      silence.end();
    }
  }

  /** From the number that a stream begins after, whether it is to begin again from earlier. */
  #isToBeginEarlier(start) {
    if (this.#last !== null && this.#last <= start) return false;
    if (this.#last !== null) this.listener.forgot();
    this.#last = Math.max(0, start - EARLIER_EVENTS);
    return this.#last < start;
  }

  #tell(arrived) {
    const events = arrived.filter((frame) => frame.data !== null)
      .map((frame) => JSON.parse(frame.data));
    if (events.length === 0) return;
    this.#last = events.at(-1).id;
    this.listener.came(events);
  }
}

/** Ends a connection that is silent for too long: it may be cut without anybody having said so. */
class Silence {
  #controller = new AbortController();
  #timer = 0;

  /** @param {AbortSignal} signal ends it besides */
  constructor(signal) {
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.wait();
  }

  wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), SILENCE_SECONDS_MAX * 1000);
  }

  end() {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}
