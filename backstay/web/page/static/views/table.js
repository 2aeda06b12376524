/* A table that only touches the cells that changed. On a phone each row stands as a card of its own
   (page.css), so the roles are said explicitly: a table laid out otherwise loses them. */

import { arrange, el, setAttribute, setText } from "../dom.js";

const ROWS_MAX = 40;

/** @typedef {{name: string, kind?: "text" | "figure" | "actions",
               show: (cell: HTMLElement, row: any) => void}} Column */

export class Table {
  #rows = new Map();

  /** @param {HTMLElement} parent @param {string} caption for who cannot see the heading
      @param {Column[]} columns the first one names its row
      @param {string} empty said without rows */
  constructor(parent, caption, columns, empty) {
    this.columns = columns;
    this.body = el("tbody", { role: "rowgroup" });
    const heads = columns.map(({ name, kind = "text" }) =>
      el("th", { role: "columnheader", scope: "col", class: kind }, name));
    this.table = el("table", { role: "table", hidden: true },
      el("caption", { class: "visually-hidden" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)), this.body);
    this.empty = el("p", { class: "empty" }, empty);
    this.more = el("p", { class: "muted", hidden: true });
    parent.append(this.table, this.more, this.empty);
  }

  /** Show these rows in this order; of very many those that somebody has to look at, then others.
      @param {any[]} rows @param {(row: any) => string | number} keyOf
      @param {(row: any) => boolean} [isUrgent] whether somebody has to look at a row */
  show(rows, keyOf, isUrgent = () => false) {
    const left = Math.max(0, rows.length - ROWS_MAX);
    this.more.hidden = left === 0;
    setText(this.more, `and ${left} more`);
    if (left > 0) {
      rows = [...rows.filter(isUrgent), ...rows.filter((row) => !isUrgent(row))].slice(0, ROWS_MAX);
    }
    const shown = rows.map((row) => {
      const key = keyOf(row);
      const node = this.#rows.get(key) ?? this.#made(key);
      this.columns.forEach(({ show }, index) => show(node.children[index], row));
      return node;
    });
    arrange(this.body, shown);
    const keys = new Set(rows.map(keyOf));
    for (const key of [...this.#rows.keys()]) if (!keys.has(key)) this.#rows.delete(key);
    this.table.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
  }

  #made(key) {
    const cells = this.columns.map(({ name, kind = "text" }, index) =>
      index === 0 ? el("th", { role: "rowheader", scope: "row", class: kind })
        : el("td", { role: "cell", class: kind, "data-name": name }));
    const node = el("tr", { role: "row" }, ...cells);
    this.#rows.set(key, node);
    return node;
  }
}

/** A cell's text, its tone, and its exact figure where the text is a rounded one.
    @param {HTMLElement} cell @param {string} text
    @param {?string} [tone] @param {?string} [title] */
export function write(cell, text, tone = null, title = null) {
  setText(cell, text);
  setAttribute(cell, "data-tone", tone);
  setAttribute(cell, "title", title);
}

/** A cell's buttons, made anew only where they are others.
    @param {HTMLElement} cell @param {[string, string, () => void][]} buttons each with its text,
    the name that says what of, and what it does */
export function writeButtons(cell, buttons) {
  const names = buttons.map(([, name]) => name).join("\n");
  if (cell.dataset.buttons === names) return;
  cell.dataset.buttons = names;
  cell.replaceChildren(...buttons.map(([text, name, onclick]) =>
    el("button", { type: "button", class: "small", "aria-label": name, onclick }, text)));
}
