// A harbour, at night in the dark theme, in the morning in the light theme.

import { fillEllipse, fillPolygon, fillStars, verticalGradient } from "./paint.js";

export const themes = {
  dark: {
    sky: ["#0a1526", "#16304a"], sea: ["#12324a", "#071521"], land: "#0c1a26", shore: "#24475f",
    light: "#ffcf70", beam: 0.3, wave: "rgb(190 220 240 / .13)", star: "rgb(255 255 255 / .75)", stone: "#d7e1e8",
    miss: "rgb(210 228 240 / .65)", win: "#ffcf70", edge: "rgb(0 0 0 / .4)",
  },
  light: {
    sky: ["#bfdbe8", "#f3e6cf"], sea: ["#6aa5b8", "#2f7288"], land: "#5d6f56", shore: "#d9c8a0",
    light: "#fff2c2", beam: 0.35, wave: "rgb(255 255 255 / .32)", star: "rgb(255 255 255 / 0)", stone: "#fbf8f1",
    miss: "rgb(255 255 255 / .85)", win: "#ffd34d", edge: "rgb(70 40 0 / .85)",
  },
};

/** Return the position of the lamp and the height of the tower, for a canvas of this size. */
export function lamp(width, height) {
  const tall = height * 0.17;
  return { x: width * 0.78, y: height * 0.312 - tall, tall };
}

export function paintScene(paint, size, theme, random) {
  const view = { ...size, horizon: size.height * 0.3, lamp: lamp(size.width, size.height) };
  paintSky(paint, view, theme, random);
  paintSea(paint, view, theme);
  paintHills(paint, view, theme);
  for (const [angle, spread] of [[Math.PI * 0.86, 0.07], [-0.1, 0.05]]) paintBeam(paint, view, theme, angle, spread);
  paintLighthouse(paint, view, theme);
  paintWaves(paint, view, theme, random);
  paintRocks(paint, view, theme, random);
}

function paintSky(paint, { width, ratio, horizon }, theme, random) {
  paint.fillStyle = verticalGradient(paint, 0, horizon, theme.sky);
  paint.fillRect(0, 0, width, horizon);
  fillStars(paint, random, 110, width, horizon * 0.85, 1.3 * ratio, theme.star);
}

function paintSea(paint, { width, height, horizon }, theme) {
  paint.fillStyle = verticalGradient(paint, horizon, height, theme.sea);
  paint.fillRect(0, horizon, width, height - horizon);
}

function paintHills(paint, { width, height, horizon }, theme) {
  const points = [[0, horizon]];
  for (let n = 0; n <= 40; n++) {
    const hill = Math.abs(Math.sin((n / 40) * 5.2 + 0.6)) * (0.6 + 0.4 * Math.sin((n / 40) * 17));
    points.push([(n / 40) * width, horizon - height * (0.02 + 0.035 * hill)]);
  }
  paint.fillStyle = theme.land;
  fillPolygon(paint, [...points, [width, horizon]]);
}

/** Paint a beam of light; `angle` and `spread` are in radians. */
function paintBeam(paint, { width, lamp: { x, y } }, theme, angle, spread) {
  const reach = width * 0.9;
  const glow = paint.createRadialGradient(x, y, 0, x, y, reach);
  glow.addColorStop(0, theme.light);
  glow.addColorStop(1, `${theme.light}00`); // not "transparent", which is black and would turn the edge grey
  paint.fillStyle = glow;
  paint.globalAlpha = theme.beam;
  const end = (direction) => [x + reach * Math.cos(direction), y + reach * Math.sin(direction)];
  fillPolygon(paint, [[x, y], end(angle - spread), end(angle + spread)]);
  paint.globalAlpha = 1;
}

/** Paint the headland, the tower, its red band and the lamp. */
function paintLighthouse(paint, { width, height, lamp: { x, y, tall } }, theme) {
  const foot = y + tall;
  paint.fillStyle = theme.land;
  fillEllipse(paint, x, foot + height * 0.012, width * 0.13, height * 0.035, Math.PI, 0);
  paint.fillStyle = theme.stone;
  fillPolygon(paint, [
    [x - tall * 0.075, foot - tall * 0.9], [x + tall * 0.075, foot - tall * 0.9],
    [x + tall * 0.12, foot], [x - tall * 0.12, foot],
  ]);
  paint.fillStyle = "#b4503c";
  paint.fillRect(x - tall * 0.098, foot - tall * 0.55, tall * 0.196, tall * 0.16);
  paint.fillStyle = theme.light;
  paint.fillRect(x - tall * 0.06, foot - tall * 1.03, tall * 0.12, tall * 0.13);
}

/** Paint waves, finer towards the horizon. */
function paintWaves(paint, { width, height, ratio, horizon }, theme, random) {
  paint.strokeStyle = theme.wave;
  for (let n = 0; n < 190; n++) {
    const depth = random() ** 1.6;
    const y = horizon + height * 0.02 + depth * (height - horizon);
    const length = width * (0.01 + 0.05 * depth) * (0.5 + random());
    const x = random() * width;
    paint.lineWidth = ratio * (0.6 + 1.4 * depth);
    paint.beginPath();
    paint.moveTo(x, y);
    paint.quadraticCurveTo(x + length / 2, y - length * 0.12, x + length, y);
    paint.stroke();
  }
}

function paintRocks(paint, { width, height, horizon }, theme, random) {
  for (let n = 0; n < 9; n++) {
    const x = width * (0.06 + 0.88 * random());
    const y = horizon + height * (0.1 + 0.55 * random());
    const size = width * (0.012 + 0.022 * random()) * (0.6 + y / height);
    paint.fillStyle = theme.shore;
    fillEllipse(paint, x, y + size * 0.16, size * 1.15, size * 0.3);
    paint.fillStyle = theme.land;
    fillEllipse(paint, x, y, size, size * 0.38);
  }
}
