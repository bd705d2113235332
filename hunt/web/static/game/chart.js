// The background of a map by its edges: a grid with coordinates, and a scale in metres or kilometres.

import { roundBelow } from "./map-view.js";

/** Return a canvas with the chart of a `MapView`. */
export function chart(width, height, ratio, theme, view) {
  const canvas = new OffscreenCanvas(width, height);
  const paint = canvas.getContext("2d");
  const fill = paint.createLinearGradient(0, 0, 0, height);
  theme.sea.forEach((colour, at) => fill.addColorStop(at, colour));
  paint.fillStyle = fill;
  paint.fillRect(0, 0, width, height);
  paint.font = `${11 * ratio}px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif`;
  paintGrid(paint, { width, height, ratio }, theme, view.grid());
  if (view.metres) paintScale(paint, { width, height, ratio }, theme, view.metres);
  return canvas;
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
