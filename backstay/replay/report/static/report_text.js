/* How the replay's report says amounts, times and reasons. */

export function reasonText(reason) {
  return { TAKE_PROFIT: "take-profit", STOP_LOSS: "stop-loss", TIME: "time stop",
    MANUAL: "by hand" }[reason] ?? reason;
}

export function sign(amount) {
  return Number(amount) > 0 ? "gain" : Number(amount) < 0 ? "loss" : "";
}

/** An amount to look at, with two decimals; its title has all of them. */
export function money(amount, signed = false) {
  const shown = Number(amount).toLocaleString("en", {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    signDisplay: signed ? "exceptZero" : "negative",
  });
  return shown.replace("-", "\u2212");
}

export function percent(value, signed = false) {
  return value === null ? "none" : `${money(value, signed)} %`;
}

export function moment(time) {
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

export function duration(seconds) {
  for (const [size, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds % size === 0) return `${seconds / size} ${name}`;
  }
  return `${seconds} s`;
}
