// A village in the snow on a winter night: northern lights, firs, and windows.

import { fillEllipse, fillGlow, fillPolygon, fillStars, verticalGradient } from "./paint.js";

const night = {
  sky: ["#07152e", "#123a63", "#3f7fa0"], sea: ["#c3d9ea", "#7fa3c4"], land: "#0d2b3c", shore: "#f4fafd",
  light: "#ffd98a", wave: "rgb(20 60 100 / .1)", star: "rgb(255 255 255 / .95)", stone: "#eaf4fb",
  miss: "rgb(24 58 92 / .75)", win: "#ffcc4d", edge: "rgb(90 30 0 / .85)",
};
export const themes = { dark: night, light: night };

/** Return the centre of flares: the star on the great fir. */
export function lamp(width, height) {
  return { x: width * 0.76, y: height * 0.135, tall: height * 0.17 };
}

export function paintScene(paint, { width, height, ratio }, theme, random) {
  const horizon = height * 0.36;
  paint.fillStyle = verticalGradient(paint, 0, horizon, theme.sky);
  paint.fillRect(0, 0, width, horizon + height * 0.05);
  fillStars(paint, random, 130, width, horizon * 0.9, 1.3 * ratio, theme.star);
  paintLights(paint, width, height);
  paintHills(paint, { width, height, horizon }, random);
  paintSnow(paint, { width, height, horizon, ratio }, theme, random);
  paintVillage(paint, { width, height, horizon }, theme);
  for (let n = 0; n < 16; n++) {
    const far = random();
    const x = width * (far < 0.5 ? 0.02 + 0.3 * random() : 0.62 + 0.36 * random());
    paintFir(paint, x, horizon + height * (0.01 + 0.05 * far), height * (0.06 + 0.05 * far), theme.land);
  }
  paintGreatFir(paint, lamp(width, height), horizon + height * 0.08, theme, ratio);
  paintFlakes(paint, { width, height, ratio }, random);
}

/** Paint curtains of northern lights. */
function paintLights(paint, width, height) {
  for (const [from, colour, alpha] of [[0.06, "#4dffb8", 0.2], [0.12, "#52c7ff", 0.16], [0.17, "#9d7bff", 0.13]]) {
    for (let n = 0; n < 60; n++) {
      const along = n / 59;
      const top = height * (from + 0.035 * Math.sin(along * 7 + from * 40) - 0.03);
      const tall = height * (0.1 + 0.05 * Math.sin(along * 11 + from * 90));
      const fill = paint.createLinearGradient(0, top, 0, top + tall);
      fill.addColorStop(0, `${colour}00`);
      fill.addColorStop(0.7, colour);
      fill.addColorStop(1, `${colour}00`);
      paint.fillStyle = fill;
      paint.globalAlpha = alpha * (0.6 + 0.4 * Math.sin(along * 23));
      paint.fillRect(along * width, top, width / 55, tall);
    }
  }
  paint.globalAlpha = 1;
}

function paintHills(paint, { width, height, horizon }, random) {
  for (const [rise, colour] of [[0.12, "#2c5a7c"], [0.07, "#5e8cab"]]) {
    const phase = random() * 6;
    const points = [[0, horizon + height * 0.06]];
    for (let n = 0; n <= 40; n++) {
      const wave = 0.5 + 0.5 * Math.sin((n / 40) * 7 + phase) * Math.cos((n / 40) * 3 + phase);
      points.push([(n / 40) * width, horizon - height * rise * wave]);
    }
    paint.fillStyle = colour;
    fillPolygon(paint, [...points, [width, horizon + height * 0.06]]);
  }
}

function paintSnow(paint, { width, height, horizon, ratio }, theme, random) {
  paint.fillStyle = verticalGradient(paint, horizon, height, [theme.shore, ...theme.sea]);
  paint.beginPath();
  paint.moveTo(0, height);
  paint.lineTo(0, horizon + height * 0.02);
  paint.bezierCurveTo(width * 0.3, horizon - height * 0.03, width * 0.6, horizon + height * 0.06, width, horizon + height * 0.01);
  paint.lineTo(width, height);
  paint.fill();
  for (let n = 0; n < 26; n++) { // drifts
    const y = horizon + height * (0.1 + 0.52 * random());
    const wide = width * (0.08 + 0.2 * random());
    paint.fillStyle = random() < 0.5 ? "rgb(255 255 255 / .22)" : "rgb(40 90 140 / .1)";
    fillEllipse(paint, random() * width, y, wide, height * 0.012 * (0.5 + random()));
  }
  paint.fillStyle = "rgb(255 255 255 / .9)";
  for (let n = 0; n < 120; n++) paint.fillRect(random() * width, horizon + height * (0.08 + 0.56 * random()), ratio, ratio);
}

function paintVillage(paint, { width, height, horizon }, theme) {
  const unit = height * 0.026;
  for (const [across, size] of [[0.36, 1.1], [0.45, 1.4], [0.53, 1], [0.6, 1.2]]) {
    const [x, y, side] = [width * across, horizon + height * 0.045, unit * size];
    paint.fillStyle = "#5a3b33";
    paint.fillRect(x - side, y - side * 1.3, side * 2, side * 1.3);
    paint.fillStyle = "#ffffff";
    fillPolygon(paint, [[x - side * 1.25, y - side * 1.2], [x, y - side * 2.3], [x + side * 1.25, y - side * 1.2]]);
    fillGlow(paint, x, y - side * 0.5, side * 2.6, theme.light, 0.5);
    paint.fillStyle = theme.light;
    for (const shift of [-0.55, 0.15]) paint.fillRect(x + side * shift, y - side * 0.85, side * 0.4, side * 0.45);
  }
  const [x, y] = [width * 0.49, horizon + height * 0.045];
  paint.fillStyle = "#43303c";
  paint.fillRect(x - unit * 0.45, y - unit * 4, unit * 0.9, unit * 4);
  paint.fillStyle = "#ffffff";
  fillPolygon(paint, [[x - unit * 0.65, y - unit * 3.9], [x, y - unit * 6.2], [x + unit * 0.65, y - unit * 3.9]]);
}

function paintFir(paint, x, foot, tall, colour) {
  for (let tier = 0; tier < 3; tier++) {
    const [top, low, wide] = [foot - tall * (1 - tier * 0.24), foot - tall * (0.5 - tier * 0.24), tall * (0.2 + tier * 0.09)];
    paint.fillStyle = colour;
    fillPolygon(paint, [[x, top], [x + wide, low], [x - wide, low]]);
    paint.fillStyle = "rgb(255 255 255 / .75)";
    fillPolygon(paint, [[x, top], [x + wide * 0.42, top + (low - top) * 0.42], [x, top + (low - top) * 0.3], [x - wide * 0.42, top + (low - top) * 0.42]]);
  }
}

function paintGreatFir(paint, { x, y }, foot, theme, ratio) {
  const tall = foot - y;
  fillGlow(paint, x, foot - tall * 0.45, tall * 0.75, theme.light, 0.28);
  paintFir(paint, x, foot, tall, "#0f3a35");
  const colours = ["#ff6b5e", "#ffd98a", "#7fd0ff", "#ff9ad5"];
  for (let n = 0; n < 26; n++) {
    const down = 0.14 + (0.82 * n) / 26;
    const side = Math.sin(n * 2.4) * tall * 0.28 * down;
    fillGlow(paint, x + side, y + tall * down, 5 * ratio, colours[n % 4], 0.8);
    paint.fillStyle = colours[n % 4];
    fillEllipse(paint, x + side, y + tall * down, 1.7 * ratio, 1.7 * ratio);
  }
  fillGlow(paint, x, y, tall * 0.2, theme.light, 0.95);
}

function paintFlakes(paint, { width, height, ratio }, random) {
  paint.fillStyle = "#ffffff";
  for (let n = 0; n < 130; n++) {
    const size = ratio * (0.7 + 1.6 * random() ** 3);
    paint.globalAlpha = 0.35 + 0.5 * random();
    fillEllipse(paint, random() * width, random() * height * 0.55, size, size);
  }
  paint.globalAlpha = 1;
}
