/* A command that is done once. Until an answer says what became of it, the same request keeps its
   key, so that sending it again does it once at most. */

import { NoAnswer, Refusal } from "../api.js";

export class KeyedCommand {
  #unanswered = null; // the last request whose outcome is not known, and its key

  /** Send a request with its key.
      @template T @param {string} path @param {unknown} body
      @param {(path: string, body: unknown, headers: Record<string, string>) => Promise<T>} send
      @param {string} again what to press, as in a sentence
      @returns {Promise<T>} */
  async send(path, body, send, again) {
    const text = `${path} ${JSON.stringify(body)}`;
    const key = this.#unanswered?.text === text ? this.#unanswered.key : newKey();
    this.#unanswered = { text, key };
    try {
      const answer = await send(path, body, { "Idempotency-Key": key });
      this.#unanswered = null;
      return answer;
    } catch (error) {
      if (error instanceof Refusal && error.isFinal) this.#unanswered = null;
      if (error instanceof NoAnswer) throw new Error(`${error.message}. ${again}`);
      throw error;
    }
  }
}

/** 128 random bits; randomUUID is not there where the page comes by plain HTTP from elsewhere. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
