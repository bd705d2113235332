// The plots. The caption of each shows the values under the pointer, by default the newest.

/* global uPlot */

import { element } from "../shared/elements.js";
import { onFrame } from "../shared/frames.js";
import { count, share, time } from "./format.js";

const HEIGHT = 150; // px
const MIN_SPAN = 60; // s on the time axis
const COLOURS = ["--one", "--two", "--three"];
const POINTS = { show: true, size: 5, filter: alone };

/** Title, format of the values, and the lines: name and function that reads the value of a sample. */
const PLOTS = [
  ["Clicks per second", count, { answered: (s) => s.clicks, refused: (s) => s.refused }],
  ["Click to answer", time, { p50: (s) => s.click_p50, p99: (s) => s.click_p99 }],
  ["Commit to delivery", time, { p50: (s) => s.delivery_p50, p99: (s) => s.delivery_p99 }],
  ["Commit, last minute", time, { mean: (s) => s.batch_average, max: (s) => s.batch_max }],
  ["Event loops", share, { average: (s) => s.utilization, busiest: (s) => s.busiest }],
  ["Queue", count, { clicks: (s) => s.queue }],
  ["Pools", count, { busy: (s) => s.pool.busy, idle: (s) => s.pool.idle, connecting: (s) => s.pool.connecting }],
  ["Streams", count, { parked: (s) => s.parked, awake: (s) => s.awake, sockets: (s) => s.sockets }],
  ["Bus lag", time, { lag: (s) => s.bus_lag }],
];

/** The columns that a `SampleHistory` needs for the plots. */
export const COLUMNS = Object.fromEntries(
  PLOTS.flatMap(([title, , lines]) => Object.entries(lines).map(([name, read]) => [`${title}/${name}`, read])),
);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

/** Return the indexes of values between gaps: no line shows them. */
function alone(plot, series) {
  const values = plot.data[series];
  const missing = (value) => value === null || value === undefined;
  return values.flatMap((value, index) => (!missing(value) && missing(values[index - 1]) && missing(values[index + 1]) ? [index] : []));
}

class Plot {
  #history;
  #names;
  #title;
  #format;
  #keys;
  #plot;

  constructor(frame, history, [title, format, lines]) {
    this.#history = history;
    this.#title = title;
    this.#format = format;
    this.#names = Object.keys(lines);
    this.#keys = this.#names.map((_, number) => {
      const key = element("i", {});
      key.dataset.series = number;
      return key;
    });
    const canvas = element("div", {});
    canvas.setAttribute("aria-hidden", "true"); // the caption has the same values
    const figure = element("figure", {}, element("figcaption", {}, element("b", {}, title), ...this.#keys), canvas);
    frame.append(figure);
    this.#plot = new uPlot(this.#options(canvas.clientWidth), this.#columns(), canvas);
    new ResizeObserver(() => this.#plot.setSize({ width: canvas.clientWidth, height: HEIGHT })).observe(figure);
  }

  update() {
    this.#plot.setData(this.#columns());
    this.#showValues();
  }

  redraw() {
    this.#plot.redraw(false);
  }

  #columns() {
    return [this.#history.times, ...this.#names.map((name) => this.#history.column(`${this.#title}/${name}`))];
  }

  #showValues() {
    const under = this.#plot.cursor.idx ?? this.#history.times.length - 1;
    this.#names.forEach((name, number) => {
      const value = this.#history.column(`${this.#title}/${name}`)[under] ?? null;
      this.#keys[number].textContent = `${name} ${this.#format(value)}`;
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
        x: { range: (_, min, max) => [Math.min(min ?? 0, (max ?? MIN_SPAN) - MIN_SPAN), max ?? MIN_SPAN] },
        y: { range: (_, min, max) => [0, this.#format === share ? 1 : max > 0 ? max * 1.05 : 1] },
      },
      axes: [
        { ...axis, size: 24, gap: 4, values: "{HH}:{mm}:{ss}", space: 70 },
        { ...axis, size: 62, gap: 4, values: (_, values) => values.map(this.#format) },
      ],
      series: [
        {},
        ...this.#names.map((label, number) => ({ label, stroke: () => colour(COLOURS[number]), width: 1.5, points: POINTS })),
      ],
      hooks: { setCursor: [() => this.#showValues()] },
    };
  }
}

/** All plots of a history, drawn at most once per frame, and not while the page is hidden. */
export class Plots {
  #plots;
  update = onFrame(() => this.#plots.forEach((plot) => plot.update()));

  constructor(frame, history) {
    this.#plots = PLOTS.map((each) => new Plot(frame, history, each));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.#plots.forEach((plot) => plot.redraw()));
  }
}
