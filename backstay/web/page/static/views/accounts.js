/* Accounts: what they own, what their positions hold, and whether their books balance. */

import { byId } from "../dom.js";
import { decimal } from "../decimal.js";
import { money, NONE, signedMoney } from "../format.js";
import { toneOf } from "../positions.js";
import { Table, write } from "./table.js";

const amount = (name, field) => ({
  name, kind: "figure",
  show: (cell, { account }) => write(cell, money(account[field]), null, account[field]),
});

/** @param {import("../store.js").Store} store */
export function followAccounts(store) {
  const table = new Table(byId("accounts"), "Accounts with their balances", [
    { name: "Account", show: (cell, { account }) => write(cell, account.account) },
    { name: "Currency", show: (cell, { account }) => write(cell, account.currency) },
    amount("Total", "total_balance"),
    amount("Locked", "locked_balance"),
    amount("Available", "available_balance"),
    { name: "Unrealized PnL", kind: "figure", show: showUnrealized },
    amount("Equity", "equity"),
    { name: "Open", kind: "figure",
      show: (cell, { account }) => write(cell, String(account.open_positions)) },
    { name: "Books", show: showBooks },
  ], "No account yet.");
  store.follow(["accounts", "health"], ({ accounts, health }) => {
    const rows = accounts.map((account) => ({ account, health: health.get(account.account) }));
    table.show(rows, (row) => row.account.account, (row) => row.health?.status === "MISMATCH");
  });
}

function showUnrealized(cell, { account }) {
  const exact = account.unrealized_pnl;
  const value = exact === null ? null : decimal(exact);
  write(cell, signedMoney(value), toneOf(value), exact);
}

function showBooks(cell, { health }) {
  if (health === undefined) return write(cell, NONE);
  if (health.status === "HEALTHY") return write(cell, "✓ Healthy", "good");
  const entry = health.first_divergent_entry;
  const where = entry === null ? "" : `, first at entry ${entry}`;
  return write(cell, `! MISMATCH of ${money(health.difference)}${where}`, "bad",
    health.checks.filter((check) => !check.passed).map((check) => check.name).join(", "));
}
