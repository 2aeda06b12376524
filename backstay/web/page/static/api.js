/* The API, as the page asks it. */

// Where the service is: a proxy may have it below a path of its host.
const ROOT = new URL("..", import.meta.url).pathname;
const PREFIX = `${ROOT}api/v1`;
const READ_SECONDS = 8;
const COMMAND_SECONDS = 20;
const PAGE_ITEMS = 200; // of a list at once: what the browser reads in a few milliseconds
const LOGIN = `${ROOT}login`; // from where one comes back to the page

/** A refusal: a problem document (RFC 9457) of the API. */
export class Refusal extends Error {
  /** @param {number} status @param {string} type @param {string} detail
      @param {{place: string, detail: string}[]} [errors] what is wrong, and where */
  constructor(status, type, detail, errors = []) {
    super(detail);
    this.status = status;
    this.type = type;
    this.errors = errors;
  }

  /** Whether nothing was done and nothing will be: the same command may be given anew. */
  get isFinal() {
    return this.status < 500;
  }
}

/** No answer came: the service or the network is away, and nobody knows what was done. */
export class NoAnswer extends Error {
  constructor() {
    super("the service does not answer: what was asked may or may not have been done");
  }
}

/** @param {string} path under /api/v1 */
export function get(path) {
  return ask("GET", PREFIX + path, READ_SECONDS);
}

/** @param {string} path under /api/v1 @param {unknown} body
    @param {Record<string, string>} [headers] */
export function post(path, body, headers = {}) {
  return ask("POST", PREFIX + path, COMMAND_SECONDS, body, headers);
}

/** @param {string} path under /api/v1 @param {unknown} body
    @param {Record<string, string>} [headers] */
export function patch(path, body, headers = {}) {
  return ask("PATCH", PREFIX + path, COMMAND_SECONDS, body, headers);
}

/** A list's pages, one after another.
    @param {string} path with a query */
export async function* pages(path) {
  let cursor = "";
  do {
    const page = await get(`${path}&limit=${PAGE_ITEMS}${cursor}`);
    yield page.items;
    cursor = page.next === null ? null : `&cursor=${encodeURIComponent(page.next)}`;
  } while (cursor !== null);
}

/** Whether the service is ready, and what keeps it from being so. */
export async function readiness() {
  const response = await fetched(`${ROOT}readyz`, { signal: AbortSignal.timeout(READ_SECONDS * 1000) });
  return response.json();
}

/** End the browser's login, and go to where another one begins. */
export async function logOut() {
  await fetched(`${ROOT}logout`, { method: "POST" });
  location.assign(LOGIN);
}

/** The event stream's answer, from an event's number on or from its present end.
    @param {number | null} since @param {AbortSignal} signal */
export async function eventStream(since, signal) {
  const query = since === null ? "" : `?since=${since}`;
  const response = await fetched(`${PREFIX}/events${query}`, { signal });
  if (!response.ok) throw await refusalOf(response);
  return response.body;
}

async function ask(method, address, seconds, body, headers = {}) {
  const options = { method, headers, signal: AbortSignal.timeout(seconds * 1000) };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json", ...headers };
  }
  const response = await fetched(address, options);
  if (!response.ok) throw await refusalOf(response);
  try {
    return await response.json();
  } catch {
    throw new NoAnswer();
  }
}

async function fetched(address, options) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new NoAnswer();
  }
  if (response.status === 401) location.assign(LOGIN);
  return response;
}

async function refusalOf(response) {
  try {
    const { type, detail, errors } = await response.json();
    return new Refusal(response.status, String(type), String(detail), errors ?? []);
  } catch {
    return new Refusal(response.status, "", `the service answered with ${response.status}`);
  }
}
