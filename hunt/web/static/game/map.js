// The map: a harbour at night or in the morning, and what happens on it.

import { onFrame } from "../shared/frames.js";
import { cross, flare, mark } from "./marks.js";
import { lighthouse, scene, THEMES } from "./scene.js";

const MARKS = 60; // the newest
const YOUNG = 700; // ms for which a mark moves
const FLARE = 1_100; // ms for which the lighthouse flares

/** Draws on a canvas; places are in map units. */
export class Chart {
  #marks = []; // {id, x, y, kind, at}, those of clicks of before first
  #cross = null;
  #flare = null; // {at, rare}
  #scene = null;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #draw = onFrame(() => this.#paint(performance.now()));

  constructor(canvas, size) {
    this.canvas = canvas;
    this.size = size;
    const anew = () => {
      this.#scene = null;
      this.#draw();
    };
    this.#dark.addEventListener("change", anew);
    new ResizeObserver(anew).observe(canvas);
  }

  /** The place of a pointer event. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const clamp = (value, most) => Math.min(Math.max(value, 0), most);
    return {
      x: clamp(((event.clientX - box.left) / box.width) * this.size.width, this.size.width),
      y: clamp(((event.clientY - box.top) / box.height) * this.size.height, this.size.height),
    };
  }

  /** Mark a click as `waiting`, `unsure`, `miss`, `prize` or `rare`; one mark for each id. */
  mark(id, place, kind) {
    const known = this.#marks.find((each) => each.id === id);
    if (known) Object.assign(known, { kind, at: performance.now(), old: false });
    else this.#marks.push({ id, ...place, kind, at: performance.now() });
    if (this.#marks.length > MARKS) this.#marks.shift();
    this.#draw();
  }

  /** Mark clicks of before, the newest last, which do not move; a click that has a mark keeps it. */
  recall(rewards, kind) {
    const known = new Set(this.#marks.map(({ id }) => id));
    const old = rewards
      .slice(-MARKS)
      .filter(({ id, x }) => x !== undefined && !known.has(id))
      .map((reward) => ({ id: reward.id, x: reward.x, y: reward.y, kind: kind(reward), at: -YOUNG, old: true }));
    const first = this.#marks.findIndex((each) => !each.old);
    this.#marks.splice(first < 0 ? this.#marks.length : first, 0, ...old);
    this.#marks = this.#marks.slice(-MARKS);
    this.#draw();
  }

  /** Take back the marks of all clicks that have an outcome. */
  clear() {
    this.#marks = this.#marks.filter(({ kind }) => kind === "waiting" || kind === "unsure");
    this.#draw();
  }

  /** Take back the mark of a click that did not count. */
  unmark(id) {
    this.#marks = this.#marks.filter((each) => each.id !== id);
    this.#draw();
  }

  /** Show the cross of the keyboard at a place, or hide it. */
  cross(place) {
    this.#cross = place;
    this.#draw();
  }

  /** Show that somebody else has found something, unless nothing may move. */
  flare(rare) {
    if (this.#still.matches) return;
    this.#flare = { at: performance.now(), rare };
    this.#draw();
  }

  #paint(now) {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const theme = this.#dark.matches ? THEMES.dark : THEMES.light;
    this.#scene ??= scene(canvas.width, canvas.height, ratio, theme);
    const paint = canvas.getContext("2d");
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.drawImage(this.#scene, 0, 0);
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    const ageOf = ({ at }, length) => Math.min(Math.max((now - at) / length, 0), 1);
    let moving = false;
    if (this.#flare) {
      const age = ageOf(this.#flare, FLARE);
      moving = age < 1;
      if (moving) flare(paint, lighthouse(width, height), age, this.#flare.rare, theme);
      else this.#flare = null;
    }
    const at = ({ x, y }) => ({ x: (x / this.size.width) * width, y: (y / this.size.height) * height });
    for (const each of this.#marks) {
      const age = this.#still.matches ? 1 : ageOf(each, YOUNG);
      const waits = each.kind === "waiting" && !this.#still.matches;
      moving ||= age < 1 || waits;
      mark(paint, each.kind, at(each), age, waits ? Math.sin(now / 160) : 1, theme);
    }
    if (this.#cross) cross(paint, at(this.#cross), theme);
    if (moving) this.#draw();
  }
}
