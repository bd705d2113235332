// Shapes for scenes.

export function verticalGradient(paint, top, bottom, colours) {
  const fill = paint.createLinearGradient(0, top, 0, bottom);
  colours.forEach((colour, at) => fill.addColorStop(at / (colours.length - 1), colour));
  return fill;
}

export function fillEllipse(paint, x, y, radiusX, radiusY, start = 0, end = 2 * Math.PI) {
  paint.beginPath();
  paint.ellipse(x, y, radiusX, radiusY, 0, start, end);
  paint.fill();
}

export function fillPolygon(paint, [first, ...points]) {
  paint.beginPath();
  paint.moveTo(...first);
  for (const point of points) paint.lineTo(...point);
  paint.fill();
}

/** Paint a round glow; `colour` is `#rrggbb`. */
export function fillGlow(paint, x, y, radius, colour, alpha) {
  const glow = paint.createRadialGradient(x, y, 0, x, y, radius);
  glow.addColorStop(0, colour);
  glow.addColorStop(1, `${colour}00`); // not "transparent", which is black and would turn the edge grey
  paint.globalAlpha = alpha;
  paint.fillStyle = glow;
  paint.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  paint.globalAlpha = 1;
}

export function fillStars(paint, random, count, width, height, size, colour) {
  paint.fillStyle = colour;
  for (let n = 0; n < count; n++) {
    paint.globalAlpha = 0.25 + 0.75 * random();
    const side = size * (random() < 0.12 ? 1.8 : 1);
    paint.fillRect(random() * width, random() * height, side, side);
  }
  paint.globalAlpha = 1;
}

/** Return a seeded random number generator (mulberry32), so that a scene is always the same. */
export function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
