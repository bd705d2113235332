// The background of a map by its edges: a grid with coordinates, and a scale in metres or kilometres.

import { roundBelow } from "./map-view.js";
import { fillGlow, generator } from "./paint.js";

/**
 * Return a canvas with the chart of a `MapView`.
 * @param {boolean} lit whether lamps are scattered over it, as of a city at night; they are nowhere in particular
 */
export function chart(width, height, ratio, theme, view, lit) {
  const canvas = new OffscreenCanvas(width, height);
  const paint = canvas.getContext("2d");
  const fill = paint.createLinearGradient(0, 0, 0, height);
  theme.sea.forEach((colour, at) => fill.addColorStop(at, colour));
  paint.fillStyle = fill;
  paint.fillRect(0, 0, width, height);
  if (lit) paintLamps(paint, { width, height, ratio }, theme);
  paint.font = `${11 * ratio}px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif`;
  paintGrid(paint, { width, height, ratio }, theme, view.grid());
  if (view.metres) paintScale(paint, { width, height, ratio }, theme, view.metres);
  return canvas;
}

/** Paint lamps in crooked rows, denser in some quarters. */
function paintLamps(paint, { width, height, ratio }, theme) {
  const random = generator(3);
  for (let quarter = 0; quarter < 9; quarter++) {
    const [x, y, turn] = [random() * width, random() * height, random() * 3.1];
    const size = Math.min(width, height) * (0.22 + 0.25 * random());
    fillGlow(paint, x, y, size * 1.3, "#c0508f", 0.16);
    for (let lamp = 0; lamp < 70; lamp++) {
      const [along, across] = [(random() - 0.5) * 2 * size, Math.round((random() - 0.5) * 8) * size * 0.22];
      paint.fillStyle = random() < 0.8 ? theme.light : theme.stone;
      paint.globalAlpha = 0.25 + 0.5 * random();
      const side = ratio * (1 + 1.1 * random());
      paint.fillRect(x + along * Math.cos(turn) - across * Math.sin(turn), y + along * Math.sin(turn) + across * Math.cos(turn), side, side);
    }
  }
  paint.globalAlpha = 1;
}

function paintGrid(paint, { width, height, ratio }, theme, { across, up }) {
  paint.strokeStyle = theme.wave;
  paint.fillStyle = theme.stone;
  paint.lineWidth = ratio;
  paint.beginPath();
  for (const { at } of across) line(paint, at * width, 0, at * width, height);
  for (const { at } of up) line(paint, 0, at * height, width, at * height);
  paint.stroke();
  paint.textAlign = "center";
  paint.textBaseline = "bottom";
  for (const { at, text } of spread(paint, across, width)) label(paint, text, at * width, height - 6 * ratio, theme);
  paint.textAlign = "left";
  paint.textBaseline = "middle";
  for (const { at, text } of up) if (at < 0.9) label(paint, text, 8 * ratio, at * height, theme);
}

/** Return every first, second, third … line, so that the labels do not touch. */
function spread(paint, across, width) {
  if (across.length < 2) return across;
  const widest = Math.max(...across.map(({ text }) => paint.measureText(text).width));
  const every = Math.ceil((widest * 1.4) / ((across[1].at - across[0].at) * width));
  return across.filter((_, number) => number % every === 0);
}

function paintScale(paint, { width, ratio }, theme, metres) {
  const length = roundBelow(metres / 4);
  const [right, top, wide] = [width - 14 * ratio, 18 * ratio, (length / metres) * width];
  paint.strokeStyle = theme.stone;
  paint.lineWidth = 2 * ratio;
  paint.beginPath();
  line(paint, right - wide, top, right, top);
  for (const x of [right - wide, right]) line(paint, x, top - 5 * ratio, x, top + 5 * ratio);
  paint.stroke();
  paint.textAlign = "right";
  paint.textBaseline = "top";
  label(paint, length < 1000 ? `${length} m` : `${length / 1000} km`, right, top + 8 * ratio, theme);
}

function label(paint, text, x, y, theme) {
  paint.lineJoin = "round";
  const [style, width] = [paint.strokeStyle, paint.lineWidth];
  paint.strokeStyle = theme.sea[1];
  paint.lineWidth = width * 3;
  paint.strokeText(text, x, y);
  [paint.strokeStyle, paint.lineWidth] = [style, width];
  paint.fillStyle = theme.stone;
  paint.fillText(text, x, y);
}

function line(paint, fromX, fromY, toX, toY) {
  paint.moveTo(fromX, fromY);
  paint.lineTo(toX, toY);
}
