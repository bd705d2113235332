// The time-lapse: clicks and finds on the map, stock and leaders over time.

import { MapView } from "../game/map-view.js";
import { byId, element } from "../shared/elements.js";
import { plural } from "../shared/plural.js";
import { Timeline } from "./timeline.js";

const LENGTH = 30_000; // ms that the whole hunt takes
const GLOW = 0.015; // share of the hunt for which a find glows
const LEADERS = 5;

/** Plays a verified log. */
export class Replay {
  #timeline;
  #view;
  #definition;
  #own;
  #canvas = byId("map");
  #dots = new OffscreenCanvas(1, 1); // all clicks so far
  #recent = [];
  #position = 0; // 0 to 1
  #playing = null; // time of the last frame
  #bars = new Map();

  /**
   * @param {object} found by `verify`
   * @param {string | null} own pseudonym of the player
   */
  constructor({ log, definition }, own) {
    this.#timeline = new Timeline(log.filter(({ x }) => x !== null));
    const map = Object.fromEntries(Object.entries(definition.map).map(([name, value]) => [name, name === "unit" ? value : Number(value)]));
    this.#view = new MapView(map.west === undefined ? map : { unit: "degrees", ...map });
    this.#definition = definition;
    this.#own = own;
    this.#canvas.style.setProperty("--aspect", String(Math.min(Math.max(this.#view.aspect ?? map.width / map.height, 0.5), 2.5)));
    byId("replay").hidden = false;
    this.#prizes();
    byId("time").oninput = (event) => this.#show(event.target.value / 1000);
    byId("play").onclick = () => this.#toggle();
    this.resize = new ResizeObserver(() => this.#redraw());
    this.resize.observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").onchange = () => this.#redraw();
    this.#show(1);
  }

  /** Stop for good. */
  close() {
    this.#pause();
    this.resize.disconnect();
  }

  #prizes() {
    const items = this.#definition.prizes.map(({ id, title }) => {
      const count = element("span", {});
      const bar = element("progress", { max: 1, value: 0 });
      bar.setAttribute("aria-label", `Units of ${title} that are given`);
      this.#bars.set(id, { count, bar });
      return element("li", {}, element("span", {}, `${title}: `), count, bar);
    });
    byId("prizes").replaceChildren(...items);
  }

  #toggle() {
    if (this.#playing !== null) return this.#pause();
    if (this.#position >= 1) this.#show(0);
    byId("play").textContent = "Pause";
    this.#playing = performance.now();
    requestAnimationFrame((now) => this.#frame(now));
  }

  #pause() {
    this.#playing = null;
    byId("play").textContent = "Play";
  }

  #frame(now) {
    if (this.#playing === null) return;
    const passed = Math.max(now - this.#playing, 0) / LENGTH;
    this.#playing = now;
    this.#show(Math.min(this.#position + passed, 1));
    if (this.#position >= 1) this.#pause();
    else requestAnimationFrame((next) => this.#frame(next));
  }

  /** Show the state at a share of the hunt's time. */
  #show(position) {
    const { start, end } = this.#timeline;
    this.#position = position;
    const at = start + (end - start) * position;
    const seen = [];
    if (this.#timeline.goTo(at, (row) => seen.push(row))) this.#clearDots();
    this.#dot(seen);
    this.#recent = [...this.#recent, ...seen.filter(({ prize }) => prize !== null)].filter((row) => row.at <= at && at - row.at < (end - start) * GLOW);
    byId("time").value = String(Math.round(position * 1000));
    const moment = new Date(at / 1000).toISOString().replace("T", " ").slice(0, 19);
    byId("clock").textContent = `${moment} UTC`;
    byId("time").setAttribute("aria-valuetext", `${moment} UTC`);
    this.#paint();
    this.#figures();
  }

  #figures() {
    const { clicks, granted } = this.#timeline;
    const finds = [...granted.values()].reduce((sum, number) => sum + number, 0);
    byId("so-far").textContent = `${plural(clicks, "click")}, ${plural(finds, "find")}`;
    for (const { id, stock } of this.#definition.prizes) {
      const { count, bar } = this.#bars.get(id);
      const given = granted.get(id) ?? 0;
      count.textContent = stock === null || stock === undefined ? String(given) : `${given} of ${stock}`;
      bar.hidden = !stock;
      bar.max = stock || 1;
      bar.value = given;
    }
    const leaders = this.#timeline.leaders(LEADERS).map(([player, points]) => {
      const own = player === this.#own;
      return element("li", { className: own ? "you" : "" }, element("span", {}, own ? "You" : `Player ${player.slice(0, 6)}`), element("span", {}, String(points)));
    });
    byId("leaders").replaceChildren(...leaders);
  }

  #redraw() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.#canvas;
    if (!clientWidth || !clientHeight) return;
    this.#canvas.width = this.#dots.width = Math.round(clientWidth * ratio);
    this.#canvas.height = this.#dots.height = Math.round(clientHeight * ratio);
    this.#dot(this.#timeline.events.slice(0, this.#timeline.passed).filter(({ back }) => !back).map(({ row }) => row));
    this.#paint();
  }

  #clearDots() {
    this.#dots.getContext("2d").clearRect(0, 0, this.#dots.width, this.#dots.height);
    this.#recent = [];
  }

  #place({ x, y }) {
    const { u, v } = this.#view.share({ x, y });
    return [u * this.#canvas.width, v * this.#canvas.height];
  }

  #colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name);
  }

  #dot(rows) {
    const paint = this.#dots.getContext("2d");
    const ratio = devicePixelRatio || 1;
    const [miss, win] = [this.#colour("--miss"), this.#colour("--win")];
    for (const row of rows) {
      const [x, y] = this.#place(row);
      paint.fillStyle = row.prize === null ? miss : win;
      paint.globalAlpha = row.prize === null ? 0.35 : 0.8;
      const size = (row.prize === null ? 1.2 : 2.4) * ratio;
      paint.beginPath();
      paint.arc(x, y, size, 0, 2 * Math.PI);
      paint.fill();
    }
  }

  #paint() {
    const paint = this.#canvas.getContext("2d");
    const ratio = devicePixelRatio || 1;
    paint.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    paint.drawImage(this.#dots, 0, 0);
    paint.strokeStyle = this.#colour("--win");
    paint.lineWidth = 2 * ratio;
    for (const row of this.#recent) {
      paint.beginPath();
      paint.arc(...this.#place(row), 7 * ratio, 0, 2 * Math.PI);
      paint.stroke();
    }
  }
}
