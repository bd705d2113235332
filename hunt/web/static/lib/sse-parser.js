// A parser for server-sent events (HTML Living Standard, section 9.2).

/**
 * Splits text into events; the text may arrive in any pieces. Comments are ignored. A block with only an `id` or a
 * `retry` is returned as an event with an empty `event`, so that the caller can apply it.
 */
export class Parser {
  #rest = ""; // of an unfinished line
  #endedWithCR = false; // a LF at the beginning of the next piece belongs to that CR
  #block = {};

  /** @returns {{event: string, data: string, id?: string, retry?: number}[]} events completed by `text` */
  feed(text) {
    if (text === "") return [];
    const piece = this.#endedWithCR && text[0] === "\n" ? text.slice(1) : text;
    this.#endedWithCR = text.endsWith("\r");
    const lines = (this.#rest + piece).split(/\r\n|\r|\n/);
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line !== "") this.#field(line);
      else this.#dispatch(events);
    }
    return events;
  }

  #field(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const begin = colon < 0 ? line.length : colon + (line[colon + 1] === " " ? 2 : 1);
    const value = line.slice(begin);
    const block = this.#block;
    if (name === "data") block.data = block.data === undefined ? value : `${block.data}\n${value}`;
    else if (name === "event") block.event = value;
    else if (name === "id" && !value.includes("\0")) block.id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) block.retry = Number(value);
  }

  #dispatch(events) {
    const { event, data, id, retry } = this.#block;
    if (data !== undefined) events.push({ ...this.#block, event: event || "message" });
    else if (id !== undefined || retry !== undefined) events.push({ ...this.#block, event: "", data: "" });
    this.#block = {};
  }
}
