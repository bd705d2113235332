// The stage of a show: beams of light, a wall of lamps, and the crowd before it.

import { fillEllipse, fillGlow, fillPolygon, verticalGradient } from "./paint.js";

const show = {
  sky: ["#0a0618", "#1d0b3a"], sea: ["#2b0f52", "#0b0618"], land: "#05030d", shore: "#ff4fa3",
  light: "#ffe08a", wave: "rgb(255 255 255 / .12)", star: "rgb(255 255 255 / .6)", stone: "#f3e9ff",
  miss: "rgb(236 224 255 / .75)", win: "#ffe08a", edge: "rgb(0 0 0 / .5)",
};
export const themes = { dark: show, light: show };

const BEAMS = [
  [0.08, 0.42, "#ff3d9a"], [0.24, 0.2, "#46d5ff"], [0.4, 0.56, "#ffd34d"], [0.6, 0.44, "#8b5bff"], [0.76, 0.8, "#46d5ff"], [0.92, 0.58, "#ff3d9a"],
];

/** Return the centre of flares: the middle of the wall. */
export function lamp(width, height) {
  return { x: width * 0.5, y: height * 0.24, tall: height * 0.2 };
}

export function paintScene(paint, { width, height, ratio }, theme, random) {
  const floor = height * 0.46;
  paint.fillStyle = verticalGradient(paint, 0, floor, theme.sky);
  paint.fillRect(0, 0, width, floor);
  paintWall(paint, { width, height, floor }, random);
  paint.fillStyle = verticalGradient(paint, floor, height, theme.sea);
  paint.fillRect(0, floor, width, height - floor);
  paintFloor(paint, { width, height, floor, ratio });
  for (const [from, to, colour] of BEAMS) paintBeam(paint, { width, height, floor }, from * width, to * width, colour);
  paint.fillStyle = theme.shore;
  paint.fillRect(0, floor - ratio, width, 2 * ratio);
  paintTruss(paint, { width, height, ratio });
  paintConfetti(paint, { width, height, ratio }, random);
  paintCrowd(paint, { width, height }, theme, random);
}

function paintWall(paint, { width, height, floor }, random) {
  const [across, down] = [26, 11];
  const [left, top, wide, tall] = [width * 0.16, height * 0.1, width * 0.68, floor - height * 0.12];
  fillGlow(paint, width / 2, top + tall / 2, wide * 0.7, "#8b5bff", 0.5);
  const step = [wide / across, tall / down];
  for (let x = 0; x < across; x++) {
    for (let y = 0; y < down; y++) {
      const wave = Math.sin(x * 0.55 + Math.cos(y * 0.7) * 1.4) + Math.cos(y * 0.9 - x * 0.18);
      paint.fillStyle = wave > 0.7 ? "#ff5fb0" : wave > 0 ? "#9d6bff" : "#3f7dff";
      paint.globalAlpha = Math.min(1, 0.22 + 0.3 * Math.abs(wave) + 0.25 * random());
      paint.fillRect(left + x * step[0] + step[0] * 0.14, top + y * step[1] + step[1] * 0.14, step[0] * 0.72, step[1] * 0.72);
    }
  }
  paint.globalAlpha = 1;
}

function paintFloor(paint, { width, height, floor, ratio }) {
  paint.strokeStyle = "rgb(190 130 255 / .22)";
  paint.lineWidth = ratio;
  paint.beginPath();
  for (let n = -14; n <= 14; n++) {
    paint.moveTo(width * (0.5 + n * 0.045), floor);
    paint.lineTo(width * (0.5 + n * 0.16), height);
  }
  for (let n = 0; n < 9; n++) {
    const y = floor + (height - floor) * (n / 8) ** 1.8;
    paint.moveTo(0, y);
    paint.lineTo(width, y);
  }
  paint.stroke();
}

function paintBeam(paint, { width, height, floor }, from, to, colour) {
  const top = height * 0.035;
  const low = floor + (height - floor) * 0.45;
  const spread = width * 0.085;
  paint.globalCompositeOperation = "lighter";
  paint.fillStyle = verticalGradient(paint, top, low, [colour, `${colour}00`]);
  paint.globalAlpha = 0.42;
  fillPolygon(paint, [[from - width * 0.006, top], [from + width * 0.006, top], [to + spread, low], [to - spread, low]]);
  paint.globalAlpha = 1;
  fillGlow(paint, from, top, width * 0.035, colour, 0.9);
  paint.globalAlpha = 0.22;
  paint.fillStyle = colour;
  fillEllipse(paint, to, low - height * 0.03, spread, height * 0.025);
  paint.globalAlpha = 1;
  paint.globalCompositeOperation = "source-over";
}

function paintTruss(paint, { width, height, ratio }) {
  paint.strokeStyle = "#3b2d5c";
  paint.lineWidth = 1.5 * ratio;
  const [top, low] = [height * 0.012, height * 0.032];
  paint.beginPath();
  for (let n = 0; n <= 40; n++) {
    paint.moveTo((n / 40) * width, n % 2 ? top : low);
    paint.lineTo(((n + 1) / 40) * width, n % 2 ? low : top);
  }
  paint.moveTo(0, top);
  paint.lineTo(width, top);
  paint.moveTo(0, low);
  paint.lineTo(width, low);
  paint.stroke();
}

function paintConfetti(paint, { width, height, ratio }, random) {
  const colours = ["#ffd34d", "#ff5fb0", "#46d5ff", "#c9a6ff", "#ffffff"];
  for (let n = 0; n < 110; n++) {
    paint.save();
    paint.translate(random() * width, height * (0.06 + 0.74 * random()));
    paint.rotate(random() * 3.1);
    paint.globalAlpha = 0.35 + 0.5 * random();
    paint.fillStyle = colours[n % 5];
    paint.fillRect(0, 0, 4.2 * ratio * (0.5 + random()), 1.8 * ratio);
    paint.restore();
  }
}

function paintCrowd(paint, { width, height }, theme, random) {
  for (const [low, size, colour] of [[0.95, 0.03, "#1a0d33"], [1.0, 0.042, theme.land]]) {
    for (let x = -0.02; x < 1.03; x += size * 0.95) {
      const [head, y] = [width * size * 0.36, height * (low - 0.035 * random())];
      paint.fillStyle = colour;
      fillEllipse(paint, x * width, y, head, head * 1.15);
      fillEllipse(paint, x * width, y + head * 2.4, head * 1.9, head * 1.7);
      if (random() < 0.3) fillPolygon(paint, [[x * width + head, y + head * 2], [x * width + head * 1.8, y - head * 2.2], [x * width + head * 2.3, y - head * 2], [x * width + head * 2, y + head * 2]]);
      paint.fillRect(x * width - head * 1.9, y + head * 2.2, head * 3.8, height);
    }
  }
}
