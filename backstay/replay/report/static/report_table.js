/* A table of many rows in pages, sorted by pressing a column's name. */

const PAGE_ROWS = 50;

/** Fills a container with a table.

   A column is {name, text(row), value(row), number, title(row), kind(row), action(row), says(row)}:
   what it shows, what it sorts by (the shown text where not given), whether that is set as a number,
   what its cell is titled and classed, and where pressing a cell does something, what, and how that
   is said. */
export function sortedTable(container, { label, columns, rows }) {
  let shown = [...rows];
  let page = 0;
  let sorted = { column: null, descending: false };

  const table = element("table", { className: "sortable" });
  const caption = element("caption", { className: "visually-hidden", textContent: label });
  const head = element("thead");
  const body = element("tbody");
  const heads = columns.map((column) => {
    const cell = element("th", { scope: "col", className: column.number ? "number" : "" });
    const button = element("button", { type: "button", textContent: column.name });
    button.addEventListener("click", () => sortBy(column));
    cell.append(button);
    return cell;
  });
  const headRow = element("tr");
  headRow.append(...heads);
  head.append(headRow);
  table.append(caption, head, body);

  const scroll = element("div", { className: "panel scroll", tabIndex: 0 });
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", label);
  scroll.append(table);
  const place = element("span", { className: "place" });
  place.setAttribute("aria-live", "polite");
  const back = element("button", { type: "button", textContent: "Previous" });
  const on = element("button", { type: "button", textContent: "Next" });
  back.addEventListener("click", () => turnTo(page - 1));
  on.addEventListener("click", () => turnTo(page + 1));
  const pager = element("div", { className: "pager" });
  pager.append(back, place, on);
  container.replaceChildren(scroll, pager);

  // Paper has no second page to turn to.
  window.addEventListener("beforeprint", () => fill(shown));
  window.addEventListener("afterprint", () => turnTo(page));
  turnTo(0);

  function sortBy(column) {
    const descending = sorted.column === column && !sorted.descending;
    sorted = { column, descending };
    const value = column.value ?? column.text;
    shown = rows
      .map((row) => ({ row, value: value(row) }))
      .sort((one, other) => compared(one.value, other.value, descending))
      .map(({ row }) => row);
    heads.forEach((cell, index) => {
      if (columns[index] !== column) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
    });
    turnTo(0);
  }

  function turnTo(number) {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE_ROWS));
    page = Math.min(Math.max(0, number), pages - 1);
    const first = page * PAGE_ROWS;
    fill(shown.slice(first, first + PAGE_ROWS));
    const last = Math.min(first + PAGE_ROWS, shown.length);
    place.textContent = shown.length === 0 ? "none" : `${first + 1} to ${last} of ${shown.length}`;
    pager.hidden = pages === 1;
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
  }

  function fill(some) {
    body.replaceChildren(...some.map((row) => rowOf(row, columns)));
  }
}

/** An element with these properties. */
export function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

function rowOf(row, columns) {
  const line = element("tr");
  for (const column of columns) {
    const text = column.text(row);
    const classes = [column.number ? "number" : "", column.kind ? column.kind(row) : ""];
    const cell = element("td", { className: classes.join(" ").trim() });
    if (column.title) cell.title = column.title(row);
    if (column.action) {
      const button = element("button", { type: "button", className: "link", textContent: text });
      button.setAttribute("aria-label", column.says(row));
      button.addEventListener("click", () => column.action(row));
      cell.append(button);
    } else {
      cell.textContent = text;
    }
    line.append(cell);
  }
  return line;
}

/** Numbers by size, texts by letters, and what is not there at the end either way. */
function compared(one, other, descending) {
  if (one === other) return 0;
  if (one === null) return 1;
  if (other === null) return -1;
  return (one < other) !== descending ? -1 : 1;
}
