// The background of the map: a harbour, at night in the dark theme, in the morning in the light theme.

export const THEMES = {
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
export function lighthouse(width, height) {
  const tall = height * 0.17;
  return { x: width * 0.78, y: height * 0.312 - tall, tall };
}

/** Return a canvas with the scene. */
export function scene(width, height, ratio, theme) {
  const canvas = new OffscreenCanvas(width, height);
  const paint = canvas.getContext("2d");
  const random = generator(7);
  const horizon = height * 0.3;
  const gradient = (top, bottom, [from, to]) => {
    const fill = paint.createLinearGradient(0, top, 0, bottom);
    fill.addColorStop(0, from);
    fill.addColorStop(1, to);
    return fill;
  };
  paint.fillStyle = gradient(0, horizon, theme.sky);
  paint.fillRect(0, 0, width, horizon);
  paint.fillStyle = theme.star;
  for (let n = 0; n < 90; n++) paint.fillRect(random() * width, random() * horizon * 0.85, ratio, ratio);
  paint.fillStyle = gradient(horizon, height, theme.sea);
  paint.fillRect(0, horizon, width, height - horizon);
  // Far hills, and the headland with its lighthouse.
  paint.fillStyle = theme.land;
  paint.beginPath();
  paint.moveTo(0, horizon);
  for (let n = 0; n <= 40; n++) {
    const hill = Math.abs(Math.sin((n / 40) * 5.2 + 0.6)) * (0.6 + 0.4 * Math.sin((n / 40) * 17));
    paint.lineTo((n / 40) * width, horizon - height * (0.02 + 0.035 * hill));
  }
  paint.lineTo(width, horizon);
  paint.fill();
  const { x, y, tall } = lighthouse(width, height);
  const foot = { x, y: y + tall };
  const beam = (angle, spread) => {
    const lamp = { x, y };
    const reach = width * 0.9;
    const glow = paint.createRadialGradient(lamp.x, lamp.y, 0, lamp.x, lamp.y, reach);
    glow.addColorStop(0, theme.light);
    glow.addColorStop(1, `${theme.light}00`); // not "transparent", which is black and would turn the edge grey
    paint.fillStyle = glow;
    paint.globalAlpha = theme.beam;
    paint.beginPath();
    paint.moveTo(lamp.x, lamp.y);
    paint.lineTo(lamp.x + reach * Math.cos(angle - spread), lamp.y + reach * Math.sin(angle - spread));
    paint.lineTo(lamp.x + reach * Math.cos(angle + spread), lamp.y + reach * Math.sin(angle + spread));
    paint.fill();
    paint.globalAlpha = 1;
  };
  beam(Math.PI * 0.86, 0.07);
  beam(-0.1, 0.05);
  paint.fillStyle = theme.land;
  paint.beginPath();
  paint.ellipse(foot.x, foot.y + height * 0.012, width * 0.13, height * 0.035, 0, Math.PI, 0);
  paint.fill();
  paint.fillStyle = theme.stone;
  paint.beginPath();
  paint.moveTo(foot.x - tall * 0.075, foot.y - tall * 0.9);
  paint.lineTo(foot.x + tall * 0.075, foot.y - tall * 0.9);
  paint.lineTo(foot.x + tall * 0.12, foot.y);
  paint.lineTo(foot.x - tall * 0.12, foot.y);
  paint.fill();
  paint.fillStyle = "#b4503c";
  paint.fillRect(foot.x - tall * 0.098, foot.y - tall * 0.55, tall * 0.196, tall * 0.16);
  paint.fillStyle = theme.light;
  paint.fillRect(foot.x - tall * 0.06, foot.y - tall * 1.03, tall * 0.12, tall * 0.13);
  // Waves, finer towards the horizon.
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
  // Rocks and skerries to aim at.
  for (let n = 0; n < 9; n++) {
    const x = width * (0.06 + 0.88 * random());
    const y = horizon + height * (0.1 + 0.55 * random());
    const size = width * (0.012 + 0.022 * random()) * (0.6 + y / height);
    paint.fillStyle = theme.shore;
    paint.beginPath();
    paint.ellipse(x, y + size * 0.16, size * 1.15, size * 0.3, 0, 0, 2 * Math.PI);
    paint.fill();
    paint.fillStyle = theme.land;
    paint.beginPath();
    paint.ellipse(x, y, size, size * 0.38, 0, 0, 2 * Math.PI);
    paint.fill();
  }
  return canvas;
}

/** Return a seeded random number generator (mulberry32), so that the scene is always the same. */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
