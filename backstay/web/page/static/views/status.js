/* The head of the page: is it live, is the service ready, may positions be opened. */

import { byId, setAttribute, setText } from "../dom.js";
import { duration } from "../format.js";
import { staleFor } from "../store.js";
import { announcer } from "./events.js";

const LOOK_MS = 500;

/** @param {import("../store.js").Store} store */
export function followStatus(store) {
  store.follow(["readiness"], ({ readiness }) => showReadiness(readiness));
  store.follow(["trading", "readiness"], ({ trading, readiness }) =>
    showTrading(trading, failing(readiness)));
  store.follow(["may", "trading"], ({ may, trading }) => {
    for (const button of document.querySelectorAll("[data-needs]")) {
      button.hidden = !may[button.dataset.needs];
    }
    setText(byId("pause-button"), pausesOf(trading).length > 0 ? "Resume opens" : "Pause opens");
  });
  store.follow(["contact", "isLoaded"], ({ contact, isLoaded }) => showContact(contact, isLoaded));
  setInterval(() => showContact(store.state.contact, store.state.isLoaded), LOOK_MS);
}

/** The pauses in force: the account, or "" for all accounts, and the reason.
    @param {?Record<string, any>} trading @returns {{account: string, reason: string}[]} */
export function pausesOf(trading) {
  if (trading === null) return [];
  const some = Object.entries(trading.accounts)
    .map(([account, { reason }]) => ({ account, reason }));
  return trading.paused ? [{ account: "", reason: trading.reason }, ...some] : some;
}

function showChip(id, tone, text) {
  const chip = byId(id);
  setText(chip, text);
  setAttribute(chip, "data-tone", tone);
}

function showReadiness(readiness) {
  if (readiness === null) return;
  const troubles = failing(readiness);
  if (troubles.length === 0) showChip("readiness", "good", "✓ Ready");
  else showChip("readiness", "bad", `! Not ready: ${told(troubles)}`);
}

/** The checks that fail, each with what is wrong.
    @param {?Record<string, any>} readiness @returns {[string, string][]} */
function failing(readiness) {
  return Object.entries(readiness?.checks ?? {}).filter(([, state]) => state !== "ok");
}

function told(troubles) {
  return troubles.map(([name, state]) => `${name}: ${state}`).join("; ");
}

function showTrading(trading, troubles) {
  if (trading === null) return;
  const pauses = pausesOf(trading).map(({ account, reason }) =>
    `Opens paused${account === "" ? "" : ` in ${account}`}: ${reason}`);
  // A service that is not ready refuses opens too: of one account, of a feed's symbols, or all.
  if (pauses.length === 0 && troubles.length > 0) showChip("trading", "bad",
    `! Opens refused: ${told(troubles)}`);
  else if (pauses.length === 0) showChip("trading", "good", "✓ Opens allowed");
  else showChip("trading", "warning", `‖ ${pauses.join("; ")}`);
}

function showContact(contact, isLoaded) {
  const age = document.hidden ? 0 : staleFor(contact, performance.now());
  const isStale = age > 0;
  const wasStale = document.body.dataset.stale === "true";
  const banner = byId("stale");
  if (isStale) {
    showChip("connection", "bad", "! Connection lost");
    setText(banner, `Connection lost. This page shows the state of ${duration(age / 1000)} ago; `
      + "trying to connect again.");
  } else if (isLoaded) showChip("connection", "good", "● Live");
  banner.hidden = !isStale;
  if (isStale === wasStale) return;
  document.body.dataset.stale = String(isStale);
  announcer.say(isStale ? "Connection lost, what is shown may be outdated" : "Connected again");
}
