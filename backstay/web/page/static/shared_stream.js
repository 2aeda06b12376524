/* One event stream for all tabs of a browser, which has but six connections to a host. The tab that
   holds a lock follows the stream and tells the others; when it is closed, crashes or is hidden, the
   browser gives the lock to another one. A hidden tab neither follows nor listens. */

import { EventFollower } from "./stream.js";

const NAME = `backstay events ${new URL("..", import.meta.url).pathname}`;
const RECENT_EVENTS = 100; // told to a tab that joins: as many as a page shows

/** Follows the events while it is told to, by itself or by another tab's word. Its listener is told
    the same as that of an `EventFollower`. */
export class SharedFollower {
  #follower; // asks the service itself; only while this tab leads
  #id = Math.random();
  #isLeading = false;
  #hasBegun = false;
  #last = 0; // the number of the last event that the listener knows
  #recent = [];
  #stopping = null;
  #channel = null;

  /** @param {ConstructorParameters<typeof EventFollower>[0]} listener */
  constructor(listener) {
    this.listener = listener;
    this.#follower = new EventFollower({
      began: () => this.#tell({ kind: "began", events: this.#recent }),
      came: (events) => this.#tell({ kind: "came", events }),
      ended: () => this.#tell({ kind: "ended" }),
      forgot: () => this.#tell({ kind: "forgot" }),
    });
  }

  start() {
    if (this.#stopping) return;
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    if (!navigator.locks) { // an address without TLS that is not this machine's
      this.#lead(signal);
      return;
    }
    this.#channel = new BroadcastChannel(NAME);
    this.#channel.onmessage = (message) => this.#heard(message.data);
    this.#channel.postMessage({ kind: "joined", from: this.#id });
    navigator.locks.request(NAME, { signal }, () => this.#lead(signal)).catch(() => {
      // It was stopped before it was its turn.
    });
  }

  stop() {
    this.#stopping?.abort();
    this.#stopping = null;
    this.#channel?.close();
    this.#channel = null;
  }

  /** Follow the stream until this tab is to stop. */
  async #lead(signal) {
    this.#isLeading = true;
    this.#follower.start(this.#last);
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve, { once: true });
    });
    this.#follower.stop();
    this.#isLeading = false;
    this.#hasBegun = false;
  }

  #tell(message) {
    this.#learn(message);
    this.#channel?.postMessage(message);
  }

  #heard(message) {
    if (message.kind !== "joined") {
      const isForMe = message.to === undefined || message.to === this.#id;
      if (isForMe && !this.#isLeading) this.#learn(message);
    } else if (this.#isLeading && this.#hasBegun) {
      this.#channel.postMessage({ kind: "began", events: this.#recent, to: message.from });
    }
  }

  #learn({ kind, events }) {
    if (kind === "forgot") {
      [this.#last, this.#recent] = [0, []];
      this.listener.forgot();
      return;
    }
    this.#hasBegun = kind !== "ended";
    if (kind === "ended") this.listener.ended();
    if (kind === "began") this.listener.began();
    const news = (events ?? []).filter((event) => event.id > this.#last);
    if (news.length === 0) return;
    this.#last = news.at(-1).id;
    this.#recent = [...this.#recent, ...news].slice(-RECENT_EVENTS);
    this.listener.came(news);
  }
}
