// A plot of the last hour: one bar for each minute.

import { element } from "../shared/elements.js";
import { clock, count } from "./format.js";

const MINUTES = 60;
const HEIGHT = 132; // px, of the drawing
const BOTTOM = 20; // px below the bars, for the times
const LEFT = 44; // px beside the bars, for the values
const LEAST = 3; // px: a minute with a single click among thousands can still be seen

const SVG = "http://www.w3.org/2000/svg";

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export class MinutePlot {
  #drawing;
  #value;
  #title;
  #values = []; // of each minute, oldest first
  #begin = 0; // of the oldest minute, in seconds since 1970
  #since = null; // start of counting in seconds since 1970; null: before the oldest minute
  #under = null; // number of the minute under the pointer

  /**
   * @param {Element} frame
   * @param {string} title
   * @param {number} series number of the colour
   */
  constructor(frame, title, series) {
    this.#title = title;
    this.#value = element("i", {});
    this.#value.dataset.series = series;
    const canvas = element("div", { className: "minutes" });
    canvas.dataset.series = series;
    canvas.setAttribute("aria-hidden", "true"); // the caption has the value
    this.#drawing = shape("svg", { height: HEIGHT, width: "100%" });
    canvas.append(this.#drawing);
    frame.append(element("figure", {}, element("figcaption", {}, element("b", {}, title), this.#value), canvas));
    canvas.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    canvas.addEventListener("pointerleave", () => this.#point(null));
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  /**
   * @param {number[][]} minutes pairs of begin and value, without the minutes that have none
   * @param {number} now seconds since 1970, by the server's clock
   * @param {number | null} since start of counting, if it is within the last hour
   */
  show(minutes, now, since) {
    this.#since = since;
    this.#begin = Math.floor(now / 60) * 60 - (MINUTES - 1) * 60;
    this.#values = new Array(MINUTES).fill(0);
    for (const [at, value] of minutes) {
      const number = (at - this.#begin) / 60;
      if (number >= 0 && number < MINUTES) this.#values[number] = value;
    }
    this.#draw();
  }

  #point(x) {
    const width = this.#drawing.clientWidth - LEFT;
    const number = x === null ? null : Math.floor(((x - LEFT) / width) * MINUTES);
    this.#under = number !== null && number >= 0 && number < MINUTES ? number : null;
    this.#draw();
  }

  #draw() {
    const width = this.#drawing.clientWidth - LEFT;
    if (width <= 0 || !this.#values.length) return;
    const high = HEIGHT - BOTTOM - 6;
    const most = nice(Math.max(...this.#values));
    const step = width / MINUTES;
    const y = (value) => 6 + high - (value / most) * high;
    const shapes = [0, most / 2, most].flatMap((value) => [
      shape("line", { class: "grid", x1: LEFT, x2: LEFT + width, y1: y(value), y2: y(value) }),
      ...(Number.isInteger(value) ? [shape("text", { class: "value", x: LEFT - 6, y: y(value) + 4 }, count(value))] : []),
    ]);
    this.#values.forEach((value, number) => {
      if (!value) return;
      const tall = Math.max((value / most) * high, LEAST);
      const x = LEFT + number * step + step * 0.12;
      shapes.push(shape("rect", { class: number === this.#under ? "bar under" : "bar", x, y: 6 + high - tall,
        width: Math.max(step * 0.76, 1.5), height: tall, rx: Math.min(step * 0.2, 2) }));
    });
    const marks = width < 420 ? [0, MINUTES - 1] : [0, 20, 40, MINUTES - 1];
    for (const number of marks) {
      const anchor = number === 0 ? "start" : number === MINUTES - 1 ? "end" : "middle";
      const x = LEFT + (anchor === "end" ? width : number * step + (anchor === "middle" ? step / 2 : 0));
      shapes.push(shape("text", { class: "time", x, y: HEIGHT - 4, "text-anchor": anchor }, clock(this.#begin + number * 60)));
    }
    if (!this.#values.some(Boolean)) {
      const none = this.#since === null ? "none in the last hour" : `none since ${clock(this.#since)}`;
      shapes.push(shape("text", { class: "nothing", x: LEFT + width / 2, y: 6 + high / 4 + 4 }, none));
    }
    this.#drawing.replaceChildren(...shapes);
    this.#say();
  }

  #say() {
    const number = this.#under ?? MINUTES - 1;
    const when = this.#under === null ? "this minute" : clock(this.#begin + number * 60);
    const text = `${when} ${count(this.#values[number])}`;
    if (this.#value.textContent !== text) this.#value.textContent = text;
  }
}

/** Return the smallest even number for an axis that is not below a value: 2, 4, 10, 20, 40, 100 … */
function nice(value) {
  for (let unit = 1; ; unit *= 10) {
    for (const factor of [2, 4, 10]) if (unit * factor >= value) return unit * factor;
  }
}
