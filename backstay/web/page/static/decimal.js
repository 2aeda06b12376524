/* Exact decimals: money, prices and quantities come as text, and no float touches what is shown.

   A decimal is a BigInt of units and how many decimals it counts: "2.50" is 250n with scale 2. */

/** @typedef {{units: bigint, scale: number}} Decimal units / 10^scale */

const SHAPE = /^-?\d+(\.\d+)?$/;

/** @param {string} text as the API writes numbers, without exponent
    @returns {Decimal}
    @throws {RangeError} for text that is not such a number */
export function decimal(text) {
  if (!SHAPE.test(text)) throw new RangeError(`"${text}" is not a decimal: write it as 64250.5`);
  const [whole, fraction = ""] = text.split(".");
  return { units: BigInt(whole + fraction), scale: fraction.length };
}

/** @param {Decimal} a @param {Decimal} b @returns {Decimal} */
export function add(a, b) {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

/** @param {Decimal} a @param {Decimal} b @returns {Decimal} */
export function subtract(a, b) {
  return add(a, { units: -b.units, scale: b.scale });
}

/** @param {Decimal} a @param {Decimal} b @returns {Decimal} all digits of the product */
export function multiply(a, b) {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** @param {Decimal} a @param {Decimal} b @returns {number} below, at or above 0, as for sorting */
export function compare(a, b) {
  const difference = subtract(a, b).units;
  return difference < 0n ? -1 : Number(difference > 0n);
}

/** @param {Decimal} value @returns {number} -1, 0 or 1 */
export function sign(value) {
  return value.units < 0n ? -1 : Number(value.units > 0n);
}

/** To so many decimals, halves to even, as the service rounds money.
    @param {Decimal} value @param {number} places @returns {Decimal} */
export function rounded(value, places) {
  if (value.scale <= places) return { units: unitsAt(value, places), scale: places };
  const divisor = 10n ** BigInt(value.scale - places);
  const size = value.units < 0n ? -value.units : value.units;
  const kept = halvesToEven(size, divisor);
  return { units: value.units < 0n ? -kept : kept, scale: places };
}

/** All its decimals, in plain digits.
    @param {Decimal} value @returns {string} */
export function plain(value) {
  const digits = (value.units < 0n ? -value.units : value.units).toString();
  const padded = digits.padStart(value.scale + 1, "0");
  const whole = padded.slice(0, padded.length - value.scale);
  const fraction = padded.slice(padded.length - value.scale);
  return (value.units < 0n ? "-" : "") + whole + (fraction && `.${fraction}`);
}

/** Plain digits without the zeros that end its decimals.
    @param {Decimal} value @returns {string} */
export function trimmed(value) {
  const text = plain(value);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A quotient to so many decimals, halves to even.
    @param {Decimal} a @param {Decimal} b not zero @param {number} places @returns {Decimal} */
export function quotient(a, b, places) {
  const scale = Math.max(a.scale, b.scale);
  const top = unitsAt(a, scale) * 10n ** BigInt(places);
  const bottom = unitsAt(b, scale);
  const isBelow = top < 0n !== bottom < 0n;
  const over = top < 0n ? -top : top;
  const under = bottom < 0n ? -bottom : bottom;
  const kept = halvesToEven(over, under);
  return { units: isBelow ? -kept : kept, scale: places };
}

function unitsAt({ units, scale }, finer) {
  return finer === scale ? units : units * 10n ** BigInt(finer - scale);
}

function halvesToEven(size, divisor) {
  const rest = size % divisor;
  const kept = size / divisor;
  const isUp = rest * 2n > divisor || (rest * 2n === divisor && kept % 2n === 1n);
  return isUp ? kept + 1n : kept;
}
