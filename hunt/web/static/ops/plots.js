// The plots: one figure for each, its caption the values under the pointer, or the newest.

/* global uPlot */

import { count, share, time } from "./format.js";

const HEIGHT = 150;
const LEAST = 60; // s on the time axis
const COLOURS = ["--one", "--two", "--three"];
const POINTS = { show: true, size: 2 }; // a second alone between quiet ones has no line

/** title, how values are shown, and what of a sample each line reads. */
const PLOTS = [
  ["Clicks a second", count, { answered: (s) => s.clicks, refused: (s) => s.refused }],
  ["Click to answer", time, { p50: (s) => s.click_p50, p99: (s) => s.click_p99 }],
  ["Commit to delivery", time, { p50: (s) => s.delivery_p50, p99: (s) => s.delivery_p99 }],
  ["Batch, over a minute", time, { average: (s) => s.batch_average, maximum: (s) => s.batch_max }],
  ["Event loop", share, { utilisation: (s) => s.utilization }],
  ["Queue", count, { clicks: (s) => s.queue }],
  ["Pool", count, { busy: (s) => s.pool.busy, idle: (s) => s.pool.idle, connecting: (s) => s.pool.connecting }],
  ["Streams", count, { parked: (s) => s.parked, awake: (s) => s.awake, sockets: (s) => s.sockets }],
  ["Bus lag", time, { lag: (s) => s.bus_lag }],
];

/** What a `History` has to keep. */
export const COLUMNS = Object.fromEntries(
  PLOTS.flatMap(([title, , lines]) => Object.entries(lines).map(([name, read]) => [`${title}/${name}`, read])),
);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

class Plot {
  #history;
  #names;
  #title;
  #show;
  #keys;
  #plot;

  constructor(place, history, [title, show, lines]) {
    this.#history = history;
    this.#title = title;
    this.#show = show;
    this.#names = Object.keys(lines);
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const heading = document.createElement("b");
    heading.textContent = title;
    this.#keys = this.#names.map((_, number) => {
      const key = document.createElement("i");
      key.dataset.series = number;
      return key;
    });
    caption.append(heading, ...this.#keys);
    const canvas = document.createElement("div");
    canvas.setAttribute("aria-hidden", "true"); // the caption says what there is to say
    figure.append(caption, canvas);
    place.append(figure);
    this.#plot = new uPlot(this.#options(canvas.clientWidth), this.#data(), canvas);
    new ResizeObserver(() => this.#plot.setSize({ width: canvas.clientWidth, height: HEIGHT })).observe(figure);
  }

  update() {
    this.#plot.setData(this.#data());
    this.#tell();
  }

  redraw() {
    this.#plot.redraw(false);
  }

  #data() {
    return [this.#history.times, ...this.#names.map((name) => this.#history.column(`${this.#title}/${name}`))];
  }

  #tell() {
    const under = this.#plot.cursor.idx ?? this.#history.times.length - 1;
    this.#names.forEach((name, number) => {
      const value = this.#history.column(`${this.#title}/${name}`)[under] ?? null;
      this.#keys[number].textContent = `${name} ${this.#show(value)}`;
    });
  }

  #options(width) {
    const axis = {
      stroke: () => colour("--quiet"),
      grid: { stroke: () => colour("--line"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: "ops" }, y: false, drag: { x: false } },
      scales: {
        x: { range: (_, least, most) => [Math.min(least ?? 0, (most ?? LEAST) - LEAST), most ?? LEAST] },
        y: { range: (_, least, most) => [0, this.#show === share ? 1 : most > 0 ? most * 1.05 : 1] },
      },
      axes: [
        { ...axis, size: 24, gap: 4, values: "{HH}:{mm}:{ss}", space: 70 },
        { ...axis, size: 62, gap: 4, values: (_, values) => values.map(this.#show) },
      ],
      series: [
        {},
        ...this.#names.map((label, number) => ({ label, stroke: () => colour(COLOURS[number]), width: 1.5, points: POINTS })),
      ],
      hooks: { setCursor: [() => this.#tell()] },
    };
  }
}

/** All plots of a history; drawn at most once a frame, and not at all while nobody sees them. */
export class Plots {
  #plots;
  #due = false;

  constructor(place, history) {
    this.#plots = PLOTS.map((each) => new Plot(place, history, each));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#each((plot) => plot.redraw()));
  }

  update() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#each((plot) => plot.update());
    });
  }

  #each(act) {
    for (const plot of this.#plots) act(plot);
  }
}
