// Drawing over the scene: the marks of clicks, the keyboard cross, and the flare of the lighthouse.

/** Colours of a miss by its hint, from hot to cold. */
const WARMTH = ["#ff4d3d", "#ff9433", "#ffd34d", "#7fc4ff", "#5b7dff"];

/**
 * Draw the mark of a click.
 * @param {CanvasRenderingContext2D} paint in CSS pixels
 * @param {"waiting" | "unconfirmed" | "miss" | "prize" | "rare"} kind
 * @param {{x: number, y: number}} position
 * @param {number} age of the animation: 0 at its start, 1 at its end
 * @param {number | undefined} hint of a miss: 0 (hot) to 4 (cold)
 * @param {number} pulse brightness of a waiting mark, -1 to 1
 */
export function mark(paint, kind, { x, y }, age, pulse, theme, hint) {
  const won = kind === "prize" || kind === "rare";
  paint.strokeStyle = paint.fillStyle = won ? theme.win : theme.miss;
  paint.lineWidth = won ? 2.5 : 1.5;
  if (kind === "waiting") {
    paint.globalAlpha = 0.55 + 0.35 * pulse;
    ring(paint, x, y, 6);
  } else if (kind === "unconfirmed") {
    paint.setLineDash([3, 3]);
    ring(paint, x, y, 7);
    paint.setLineDash([]);
  } else if (won) {
    const size = kind === "rare" ? 13 : 9;
    if (kind === "rare") glow(paint, x, y, 3 * size, theme.win, 0.55);
    star(paint, x, y, age < 1 ? size * (1 + 0.5 * Math.sin(Math.PI * age)) : size);
    paint.lineWidth = 1;
    paint.strokeStyle = theme.edge;
    paint.stroke();
    paint.strokeStyle = theme.win;
    paint.lineWidth = 2.5;
    if (age < 1) spread(paint, x, y, 10 + age * (kind === "rare" ? 70 : 34), 1 - age);
  } else {
    paint.globalAlpha = 0.7;
    if (hint !== undefined) {
      paint.globalAlpha = 1;
      paint.lineWidth = 2.5;
      paint.strokeStyle = WARMTH[hint];
      ring(paint, x, y, 8 - hint);
    }
    ring(paint, x, y, 3);
    if (age < 1) spread(paint, x, y, 4 + age * 18, 0.6 * (1 - age));
  }
  paint.globalAlpha = 1;
}

/** Draw the flare of the lighthouse at another player's win. */
export function flare(paint, { x, y, tall }, age, rare, theme) {
  const bright = Math.sin(Math.PI * Math.sqrt(age));
  glow(paint, x, y, tall * (rare ? 1.5 : 0.9), theme.win, 0.9 * bright);
  glow(paint, x, y, tall * 0.3, "#fffdf0", bright);
  paint.strokeStyle = theme.win;
  paint.lineWidth = 2;
  spread(paint, x, y, tall * (0.15 + (rare ? 1.1 : 0.7) * age), 0.7 * (1 - age));
  paint.globalAlpha = 1;
}

/**
 * Draw the position of the device.
 * @param {number} radius of the circle of its accuracy, in CSS pixels
 */
export function device(paint, { x, y }, radius) {
  for (const [colour, size] of [["rgb(64 156 255 / .22)", Math.max(radius, 14)], ["#ffffff", 7], ["#2f7df6", 5]]) {
    paint.fillStyle = colour;
    paint.beginPath();
    paint.arc(x, y, size, 0, 2 * Math.PI);
    paint.fill();
  }
}

/** Draw the keyboard cross. */
export function cross(paint, { x, y }, theme) {
  for (const [color, line] of [["rgb(0 0 0 / .7)", 4], [theme.light, 2]]) {
    paint.strokeStyle = color;
    paint.lineWidth = line;
    paint.beginPath();
    paint.moveTo(x - 16, y);
    paint.lineTo(x + 16, y);
    paint.moveTo(x, y - 16);
    paint.lineTo(x, y + 16);
    paint.stroke();
    ring(paint, x, y, 9);
  }
}

function spread(paint, x, y, radius, alpha) {
  paint.globalAlpha = alpha;
  ring(paint, x, y, radius);
}

function ring(paint, x, y, radius) {
  paint.beginPath();
  paint.arc(x, y, radius, 0, 2 * Math.PI);
  paint.stroke();
}

function glow(paint, x, y, radius, color, alpha) {
  const fill = paint.createRadialGradient(x, y, 0, x, y, radius);
  fill.addColorStop(0, color);
  fill.addColorStop(1, `${color}00`); // not "transparent", which is black and would turn the edge grey
  paint.globalAlpha = alpha;
  const before = paint.fillStyle;
  paint.fillStyle = fill;
  paint.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  paint.fillStyle = before;
  paint.globalAlpha = 1;
}

function star(paint, x, y, radius) {
  paint.beginPath();
  for (let point = 0; point < 10; point++) {
    const angle = -Math.PI / 2 + (point * Math.PI) / 5;
    const reach = point % 2 ? radius * 0.45 : radius;
    paint.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
  }
  paint.closePath();
  paint.fill();
}
