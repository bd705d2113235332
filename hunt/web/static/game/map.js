// The map: a canvas with the scene, the marks of clicks and the keyboard cross.

import { onFrame } from "../shared/frames.js";
import { burst } from "./burst.js";
import { chart } from "./chart.js";
import { MapView } from "./map-view.js";
import { cross, device, flare, mark } from "./marks.js";
import { covered, lampOf, picture, scene, themeOf } from "./scene.js";

const MAX_MARKS = 60;
const ANIMATION = 700; // ms for which a new mark is animated
const FLARE = 1_100; // ms for which the lighthouse flares up
const BURST = 2_600; // ms of confetti after a rare win

/** Positions are those of clicks: in map units or degrees. */
export class GameMap {
  #marks = []; // {id, x, y, kind, at, old}, earlier clicks first
  #cross = null;
  #device = null; // {x, y, accuracy}: where the device is
  #flare = null; // {at, rare}
  #burst = null; // {at, x, y}: a position, and the time of the rare win there
  #look;
  #picture = null;
  #scene = null;
  #reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #draw = onFrame(() => this.#paint(performance.now()));

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} map of the hunt's details
   * @param {import("./look.js").Look} look
   */
  constructor(canvas, map, look) {
    this.canvas = canvas;
    this.#look = look;
    this.view = new MapView(map);
    const { aspect } = this.view;
    if (aspect) {
      canvas.dataset.shape = "box";
      canvas.parentElement.style.setProperty("--aspect", String(Math.min(Math.max(aspect, 0.4), 4)));
    }
    const redraw = () => {
      this.#scene = null;
      this.#draw();
    };
    picture(look.background).then((image) => {
      this.#picture = image;
      if (image) redraw();
    });
    this.#dark.addEventListener("change", redraw);
    new ResizeObserver(redraw).observe(canvas);
  }

  /** Return the position of a pointer event. */
  position(event) {
    const box = this.canvas.getBoundingClientRect();
    return this.view.position({ u: (event.clientX - box.left) / box.width, v: (event.clientY - box.top) / box.height });
  }

  /** Set the mark of a click: `waiting`, `unconfirmed`, `miss`, `prize` or `rare`. */
  mark(id, position, kind) {
    const known = this.#marks.find((each) => each.id === id);
    if (known) Object.assign(known, { kind, at: performance.now(), old: false });
    else this.#marks.push({ id, ...position, kind, at: performance.now() });
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
    this.#draw();
  }

  /** Colour the mark of a click by its hint, 0 (hot) to 4 (cold). */
  warm(id, hint) {
    const known = this.#marks.find((each) => each.id === id);
    if (known) known.hint = hint;
    this.#draw();
  }

  /** Mark earlier clicks, oldest first, without animation; existing marks are kept. */
  markEarlier(rewards, kind) {
    const known = new Set(this.#marks.map(({ id }) => id));
    const old = rewards
      .slice(-MAX_MARKS)
      .filter(({ id, x }) => x !== undefined && !known.has(id))
      .map((reward) => ({ id: reward.id, x: reward.x, y: reward.y, kind: kind(reward), at: -ANIMATION, old: true }));
    const first = this.#marks.findIndex((each) => !each.old);
    this.#marks.splice(first < 0 ? this.#marks.length : first, 0, ...old);
    this.#marks = this.#marks.slice(-MAX_MARKS);
    this.#draw();
  }

  /** Remove the marks of all settled clicks. */
  clear() {
    this.#marks = this.#marks.filter(({ kind }) => kind === "waiting" || kind === "unconfirmed");
    this.#draw();
  }

  /** Remove the mark of a refused click. */
  unmark(id) {
    this.#marks = this.#marks.filter((each) => each.id !== id);
    this.#draw();
  }

  /** Show the keyboard cross at a position; null hides it. */
  cross(position) {
    this.#cross = position;
    this.#draw();
  }

  /** Show the position of the device; null: outside of the map. */
  device(position) {
    this.#device = position;
    this.#draw();
  }

  /** Flare up the lighthouse for another player's win, unless the system asks for reduced motion. */
  flare(rare) {
    if (this.#reducedMotion.matches) return;
    this.#flare = { at: performance.now(), rare };
    this.#draw();
  }

  /** Celebrate the rare win of a click, unless the system asks for reduced motion. */
  celebrate(id) {
    const found = this.#marks.find((each) => each.id === id);
    if (!found || this.#reducedMotion.matches) return;
    this.#burst = { at: performance.now(), x: found.x, y: found.y };
    this.#draw();
  }

  /** Return the origin of flares: the lighthouse, or the middle of a chart, which has none. */
  #lamp(width, height) {
    if (this.view.aspect) return { x: width / 2, y: height / 2, tall: Math.min(width, height) * 0.17 };
    return lampOf(this.#look, width, height);
  }

  #background(width, height, ratio, theme) {
    if (this.#picture) return covered(width, height, this.#picture, this.view.aspect !== null);
    return this.view.aspect ? chart(width, height, ratio, theme, this.view, this.#look.scene === "city") : scene(width, height, ratio, this.#look);
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
    const theme = themeOf(this.#look);
    this.#scene ??= this.#background(canvas.width, canvas.height, ratio, theme);
    const paint = canvas.getContext("2d");
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.drawImage(this.#scene, 0, 0);
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    const ageOf = ({ at }, length) => Math.min(Math.max((now - at) / length, 0), 1);
    let moving = false;
    if (this.#flare) {
      const age = ageOf(this.#flare, FLARE);
      moving = age < 1;
      if (moving) flare(paint, this.#lamp(width, height), age, this.#flare.rare, theme);
      else this.#flare = null;
    }
    const at = (position) => {
      const { u, v } = this.view.share(position);
      return { x: u * width, y: v * height };
    };
    if (this.#device) device(paint, at(this.#device), (this.#device.accuracy / (this.view.metres ?? Infinity)) * width);
    for (const each of this.#marks) {
      const age = this.#reducedMotion.matches ? 1 : ageOf(each, ANIMATION);
      const pulsing = each.kind === "waiting" && !this.#reducedMotion.matches;
      moving ||= age < 1 || pulsing;
      mark(paint, each.kind, at(each), age, pulsing ? Math.sin(now / 160) : 1, theme, each.hint);
    }
    if (this.#burst) {
      const age = ageOf(this.#burst, BURST);
      if (age < 1) burst(paint, at(this.#burst), age, Math.max(width, height), theme);
      else this.#burst = null;
      moving ||= age < 1;
    }
    if (this.#cross) cross(paint, at(this.#cross), theme);
    if (moving) this.#draw();
  }
}
