// The confetti of a rare win.

import { generator } from "./paint.js";

const COLOURS = ["#ffd34d", "#ff5fb0", "#46d5ff", "#7dffb0", "#c9a6ff", "#ffffff"];
const PIECES = 90;

/**
 * Draw confetti that flies from a position and falls.
 * @param {CanvasRenderingContext2D} paint in CSS pixels
 * @param {{x: number, y: number}} from
 * @param {number} age 0 at its start, 1 at its end
 * @param {number} size of the map in CSS pixels
 */
export function burst(paint, { x, y }, age, size, theme) {
  const random = generator(11); // the same pieces in each frame
  for (const [delay, width] of [[0, 3], [0.1, 2]]) {
    const ring = (age - delay) * 2.2;
    if (ring <= 0 || ring >= 1) continue;
    paint.globalAlpha = 1 - ring;
    paint.strokeStyle = theme.win;
    paint.lineWidth = width;
    paint.beginPath();
    paint.arc(x, y, size * 0.42 * ring, 0, 2 * Math.PI);
    paint.stroke();
  }
  const time = 1 - (1 - age) ** 2;
  for (let n = 0; n < PIECES; n++) {
    const angle = random() * 2 * Math.PI;
    const speed = size * (0.12 + 0.38 * random());
    const [across, down] = [Math.cos(angle) * speed * time, Math.sin(angle) * speed * time + size * 0.32 * age * age];
    paint.save();
    paint.translate(x + across, y + down);
    paint.rotate(random() * 6 + age * 14 * (random() - 0.5));
    paint.globalAlpha = Math.min(1, (1 - age) * 2.2);
    paint.fillStyle = COLOURS[n % COLOURS.length];
    const length = 5 + 6 * random();
    paint.fillRect(-length / 2, -2, length, 4 * Math.abs(Math.cos(age * 12 + n)));
    paint.restore();
  }
  paint.globalAlpha = 1;
}
