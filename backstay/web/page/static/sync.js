/* Keeps what the page knows in step with the service: everything when it connects, what events
   changed as they come, and prices about once a second, while the page is in sight. */

import { get, pages, readiness, Refusal } from "./api.js";
import { breathe, oneAtATime, pause } from "./slices.js";
import { changedBy, initialState, lastClosed, withEvents, withPositions } from "./store.js";
import { SharedFollower } from "./shared_stream.js";

const MARKETS_SECONDS = 1;
const ACCOUNTS_SECONDS = 3;
const REPAIR_SECONDS = 3; // until what could not be read is tried again
const HEALTH_SECONDS = 60; // each check reads an account's whole ledger
const GATHERING_MS = 120; // events that come together are answered with one reading
const ONE_BY_ONE_MAX = 16; // changed positions; of more the whole list is read
const AT_ONCE = 4;
const CHECKED_ACCOUNTS_MAX = 50;

export class Sync {
  #changed = new Set(); // ids of positions to read
  #due = new Set(["everything"]); // what else to read
  #catchUp = oneAtATime(() => this.#read());
  #check = oneAtATime(() => this.#readHealth()); // nothing else waits for it

  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.follower = new SharedFollower({
      began: () => this.#began(),
      came: (events) => this.#came(events),
      ended: () => this.#lost(),
      forgot: () => this.#forgot(),
    });
  }

  /** Begin, and go on for as long as the page is there. */
  start() {
    document.addEventListener("visibilitychange", () => this.#inSight());
    this.#inSight();
    this.#every(MARKETS_SECONDS, () => this.#readMarkets());
    this.#every(ACCOUNTS_SECONDS, () => this.#want("accounts", "readiness"));
    this.#every(HEALTH_SECONDS, () => this.#want("health"));
    this.#every(REPAIR_SECONDS, () => this.#repair());
  }

  /** Take positions as a command's answer shows them, and read what else it changed.
      @param {import("./store.js").Position[]} positions */
  took(positions) {
    this.store.learn(withPositions(this.store.state, positions));
    return this.#want("accounts", "trading");
  }

  /** Take what an answer says of trading.
      @param {Record<string, any>} trading */
  tookTrading(trading) {
    this.store.learn({ trading });
  }

  #inSight() {
    if (document.hidden) {
      this.follower.stop();
      return;
    }
    // It was not looked at meanwhile: that is no loss of connection.
    const now = performance.now();
    this.store.learn({ contact: { readAt: now, streamLostAt: now } });
    this.follower.start();
  }

  #began() {
    this.store.learn({ contact: { ...this.store.state.contact, streamLostAt: null } });
    this.#want("everything");
  }

  #lost() {
    const { contact } = this.store.state;
    if (contact.streamLostAt !== null) return;
    this.store.learn({ contact: { ...contact, streamLostAt: performance.now() } });
  }

  #forgot() {
    const { accounts, positions, closed, events } = initialState();
    this.store.learn({ accounts, positions, closed, events });
  }

  #came(events) {
    this.store.learn({ events: withEvents(this.store.state.events, events) });
    for (const id of changedBy(events)) this.#changed.add(id);
    const kinds = events.map((event) => event.kind);
    // A wallet or market that is set aside concerns all of its positions.
    if (kinds.includes("part_set_aside")) this.#due.add("everything");
    if (kinds.some((kind) => kind.startsWith("trading_"))) this.#due.add("trading");
    if (kinds.some((kind) => kind.startsWith("health_"))) this.#due.add("health");
    this.#want("accounts");
  }

  #want(...names) {
    for (const name of names) this.#due.add(name);
    return this.#catchUp();
  }

  #repair() {
    const { streamLostAt } = this.store.state.contact;
    const isWithoutStream = streamLostAt !== null
      && performance.now() - streamLostAt > REPAIR_SECONDS * 1000;
    if (isWithoutStream) this.#due.add("everything");
    if (this.#due.size > 0 || this.#changed.size > 0) this.#catchUp();
  }

  /** Read all that is due; what fails stays due. */
  async #read() {
    await pause(GATHERING_MS);
    const [due, changed] = [this.#due, this.#changed];
    [this.#due, this.#changed] = [new Set(), new Set()];
    try {
      if (due.has("everything")) await this.#readEverything();
      else await this.#readParts(due, changed);
    } catch {
      for (const name of due) this.#due.add(name);
      for (const id of changed) this.#changed.add(id);
    }
  }

  async #readEverything() {
    const { scope, session } = await get("/caller");
    const may = { trade: scope !== "read", administer: scope === "admin", logOut: session };
    this.store.learn({ may, trading: await get("/trading"), accounts: await allOf("/accounts?") });
    const positions = await openPositions();
    this.store.learn({ positions, closed: await closedPositions(), isLoaded: true });
    this.store.learn({ readiness: await readiness() });
    this.#check();
  }

  async #readParts(due, changed) {
    if (changed.size > ONE_BY_ONE_MAX) {
      const positions = await openPositions();
      this.store.learn({ positions, closed: await closedPositions() });
    } else if (changed.size > 0) {
      this.store.learn(withPositions(this.store.state, await eachPosition([...changed])));
    }
    if (due.has("trading")) this.store.learn({ trading: await get("/trading") });
    if (due.has("accounts")) this.store.learn({ accounts: await allOf("/accounts?") });
    if (due.has("readiness")) this.store.learn({ readiness: await readiness() });
    if (due.has("health")) this.#check();
  }

  async #readMarkets() {
    const items = await allOf("/markets?");
    const markets = new Map(items.map((market) => [market.symbol, market]));
    const contact = { ...this.store.state.contact, readAt: performance.now() };
    this.store.learn({ markets, contact });
  }

  async #readHealth() {
    for (const { account } of this.store.state.accounts.slice(0, CHECKED_ACCOUNTS_MAX)) {
      const health = new Map(this.store.state.health);
      try {
        health.set(account, await get(`/accounts/${encodeURIComponent(account)}/health`));
      } catch {
        health.delete(account); // it is not known until it can be checked again
      }
      this.store.learn({ health });
    }
  }

  async #every(seconds, work) {
    for (;;) {
      if (!document.hidden) {
        try {
          await work();
        } catch {
          // The page says by itself for how long nothing could be read.
        }
      }
      await pause(seconds * 1000);
    }
  }
}

async function allOf(path) {
  const items = [];
  for await (const page of pages(path)) items.push(...page);
  return items;
}

async function openPositions() {
  const found = new Map();
  for await (const page of pages("/positions?status=OPEN")) {
    for (const position of page) found.set(position.id, position);
    await breathe();
  }
  return found;
}

async function closedPositions() {
  return lastClosed((await get("/positions?status=CLOSED&limit=50")).items);
}

/** Positions by id, a few at once; one that is not there is left out. */
async function eachPosition(ids) {
  const found = [];
  async function next() {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      try {
        found.push(await get(`/positions/${id}`));
      } catch (error) {
        if (!(error instanceof Refusal && error.status === 404)) throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return found;
}
