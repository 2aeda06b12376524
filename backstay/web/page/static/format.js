/* How figures and times read. Every figure is computed exactly and rounded once, for its text. */

import { compare, decimal, plain, rounded, sign, trimmed } from "./decimal.js";

/** @typedef {import("./decimal.js").Decimal} Decimal */

export const NONE = "–";
const MINUS = "−";
const ONE = { units: 1n, scale: 0 };

/** Money with two decimals and its thousands apart.
    @param {string | null} text money as the API gives it */
export function money(text) {
  return text === null ? NONE : grouped(plain(rounded(decimal(text), 2)));
}

/** Money with its sign: two decimals, or four where it is less than 1.
    @param {Decimal | null} value */
export function signedMoney(value) {
  if (value === null) return NONE;
  if (value.units === 0n) return "0.00";
  const size = value.units < 0n ? { ...value, units: -value.units } : value;
  const text = grouped(plain(rounded(size, compare(size, ONE) < 0 ? 4 : 2)));
  return (sign(value) < 0 ? MINUS : "+") + text;
}

/** A price or quantity as exact as it came, its thousands apart.
    @param {string | null} text */
export function figure(text) {
  return text === null ? NONE : grouped(trimmed(decimal(text)));
}

/** A quantity, to at most eight decimals.
    @param {string} text */
export function quantity(text) {
  return grouped(trimmed(rounded(decimal(text), 8)));
}

/** A fraction of 1 as percents, exact.
    @param {string} text */
export function percent(text) {
  const { units, scale } = decimal(text);
  return `${trimmed({ units: units * 100n, scale })} %`;
}

/** @param {string} text plain digits */
function grouped(text) {
  const [whole, fraction] = text.split(".");
  const apart = whole.replace("-", MINUS).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}

/** How long something lasts or lasted, in its greatest unit.
    @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} d`;
}

/** @param {string} iso a time of the API @returns {number} milliseconds since 1970 */
export function milliseconds(iso) {
  return Date.parse(iso);
}

/** A time of day, UTC.
    @param {string} iso */
export function clockTime(iso) {
  return iso.slice(11, 19);
}

/** A date and a time of day, UTC.
    @param {string} iso */
export function dateTime(iso) {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

/** Percents with their sign, as they were rounded.
    @param {Decimal | null} value */
export function signedPercent(value) {
  if (value === null) return NONE;
  return `${value.units > 0n ? "+" : ""}${plain(value).replace("-", MINUS)} %`;
}

/** How many of what, with the plural where it is due.
    @param {number} number @param {string} noun */
export function count(number, noun) {
  return `${grouped(String(number))} ${noun}${number === 1 ? "" : "s"}`;
}
