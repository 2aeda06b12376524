/* Nodes from data. All that the API sends is untrusted text: it becomes text nodes and attributes,
   never markup. What has not changed is not touched. */

const SVG = "http://www.w3.org/2000/svg";

/** An element: `properties` are attributes, or listeners where a name begins with "on".
    @param {string} tag @param {Record<string, unknown>} [properties]
    @param {...(Node|string)} children */
export function el(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** The same in SVG.
    @param {string} tag @param {Record<string, unknown>} [properties]
    @param {...(Node|string)} children */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children);
  return node;
}

/** @param {string} id of an element that index.html has */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

/** @param {Element} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string | null} value null takes it away */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Have a parent hold exactly these children in this order, moving as few as possible.
    @param {Element} parent @param {Element[]} children */
export function arrange(parent, children) {
  const kept = new Set(children);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

/** Have a select offer these values, the chosen one kept while it is there.
    @param {HTMLSelectElement} select @param {[string, string][]} choices value and text of each */
export function offer(select, choices) {
  const before = [...select.options].map((option) => `${option.value} ${option.text}`);
  if (before.join("\n") === choices.map(([value, text]) => `${value} ${text}`).join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...choices.map(([value, text]) => el("option", { value }, text)));
  if (choices.some(([value]) => value === chosen)) select.value = chosen;
}
