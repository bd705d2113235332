// A city at night by a river: windows, a moon, and their lights on the water.

import { fillEllipse, fillGlow, fillPolygon, fillStars, verticalGradient } from "./paint.js";

const night = {
  sky: ["#0b1030", "#3a2c66", "#b5527a"], sea: ["#1c1f4a", "#090b20"], land: "#0b0e26", shore: "#2b2a5c",
  light: "#ffd27a", wave: "rgb(255 200 160 / .16)", star: "rgb(255 255 255 / .85)", stone: "#e6e2ff",
  miss: "rgb(226 222 255 / .8)", win: "#ffd27a", edge: "rgb(0 0 0 / .5)",
};
export const themes = { dark: night, light: night };

/** Return the centre of flares: the top of the tower. */
export function lamp(width, height) {
  return { x: width * 0.7, y: height * 0.1, tall: height * 0.17 };
}

export function paintScene(paint, { width, height, ratio }, theme, random) {
  const shore = height * 0.42;
  paint.fillStyle = verticalGradient(paint, 0, shore, theme.sky);
  paint.fillRect(0, 0, width, shore);
  fillStars(paint, random, 90, width, shore * 0.6, 1.3 * ratio, theme.star);
  paintMoon(paint, width * 0.2, height * 0.13, height * 0.045);
  paintRow(paint, { width, shore, tall: height * 0.16, wide: width * 0.05, colour: "#251f52", lit: 0.16, ratio }, random);
  paintTower(paint, lamp(width, height), shore, theme);
  const lights = paintRow(paint, { width, shore, tall: height * 0.24, wide: width * 0.075, colour: theme.land, lit: 0.42, ratio }, random);
  paintRiver(paint, { width, height, shore, ratio }, theme, lights, random);
}

function paintMoon(paint, x, y, radius) {
  fillGlow(paint, x, y, radius * 4, "#fff3d6", 0.35);
  paint.fillStyle = "#fff3d6";
  fillEllipse(paint, x, y, radius, radius);
  paint.fillStyle = "rgb(214 196 170 / .5)";
  for (const [u, v, size] of [[-0.3, -0.2, 0.22], [0.25, 0.15, 0.3], [-0.1, 0.45, 0.16]]) {
    fillEllipse(paint, x + u * radius, y + v * radius, size * radius, size * radius);
  }
}

/** Paint a row of houses; return the positions of lit windows near the water. */
function paintRow(paint, { width, shore, tall, wide, colour, lit, ratio }, random) {
  const lights = [];
  for (let x = -wide * random(); x < width; ) {
    const [across, up] = [wide * (0.7 + 0.8 * random()), tall * (0.35 + 0.65 * random())];
    paint.fillStyle = colour;
    paint.fillRect(x, shore - up, across + 1, up);
    if (random() < 0.3) fillPolygon(paint, [[x, shore - up], [x + across / 2, shore - up - across * 0.45], [x + across, shore - up]]);
    else if (random() < 0.35) paint.fillRect(x + across * 0.46, shore - up - tall * 0.13, 1.5 * ratio, tall * 0.13);
    const pane = Math.max(wide * 0.085, 1.6 * ratio);
    for (let down = shore - up + pane * 1.5; down < shore - pane * 2; down += pane * 2.3) {
      for (let along = x + pane * 1.2; along < x + across - pane * 1.6; along += pane * 2) {
        if (random() > lit) continue;
        paint.fillStyle = random() < 0.8 ? "#ffcf7d" : "#8fd6ff";
        paint.globalAlpha = 0.45 + 0.55 * random();
        paint.fillRect(along, down, pane, pane * 1.2);
        paint.globalAlpha = 1;
        if (random() < 0.2) lights.push({ x: along, colour: paint.fillStyle });
      }
    }
    x += across + (random() < 0.2 ? wide * 0.25 : 0);
  }
  return lights;
}

function paintTower(paint, { x, y }, shore, theme) {
  const wide = (shore - y) * 0.03;
  paint.fillStyle = "#1a1742";
  fillPolygon(paint, [[x, y - wide * 2], [x + wide * 0.5, y + wide * 6], [x + wide * 1.6, shore], [x - wide * 1.6, shore], [x - wide * 0.5, y + wide * 6]]);
  fillEllipse(paint, x, y + wide * 6, wide * 2.4, wide * 2);
  fillGlow(paint, x, y - wide, wide * 5, theme.light, 0.9);
  paint.fillStyle = theme.light;
  fillEllipse(paint, x, y + wide * 6, wide * 2.2, wide * 0.35);
}

function paintRiver(paint, { width, height, shore, ratio }, theme, lights, random) {
  paint.fillStyle = verticalGradient(paint, shore, height, theme.sea);
  paint.fillRect(0, shore, width, height - shore);
  fillGlow(paint, width * 0.5, shore, width * 0.6, "#b5527a", 0.22);
  for (const { x, colour } of lights) {
    const length = (height - shore) * (0.12 + 0.5 * random());
    paint.fillStyle = verticalGradient(paint, shore, shore + length, [colour, `${colour}00`]);
    paint.globalAlpha = 0.32;
    paint.fillRect(x, shore, 2.2 * ratio, length);
    paint.globalAlpha = 1;
  }
  paint.strokeStyle = theme.wave;
  for (let n = 0; n < 130; n++) {
    const depth = random() ** 1.4;
    const [x, y, length] = [random() * width, shore + depth * (height - shore), width * (0.015 + 0.05 * depth) * (0.5 + random())];
    paint.lineWidth = ratio * (0.5 + 1.2 * depth);
    paint.beginPath();
    paint.moveTo(x, y);
    paint.lineTo(x + length, y);
    paint.stroke();
  }
  paint.fillStyle = theme.shore;
  paint.fillRect(0, shore - ratio, width, 2.5 * ratio);
}
