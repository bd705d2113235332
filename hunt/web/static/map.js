// The map: a harbour at night or in the morning, the marks of clicks, and the cross of the keyboard.

const THEMES = {
  dark: { sky: ["#0a1526", "#16304a"], sea: ["#12324a", "#071521"], land: "#0c1a26", shore: "#24475f", light: "#ffcf70", wave: "rgb(190 220 240 / .13)", star: "rgb(255 255 255 / .75)", stone: "#d7e1e8", miss: "rgb(210 228 240 / .65)", win: "#ffcf70", edge: "rgb(0 0 0 / .4)" },
  light: { sky: ["#bfdbe8", "#f3e6cf"], sea: ["#6aa5b8", "#2f7288"], land: "#5d6f56", shore: "#d9c8a0", light: "#fff2c2", wave: "rgb(255 255 255 / .32)", star: "rgb(255 255 255 / 0)", stone: "#fbf8f1", miss: "rgb(255 255 255 / .85)", win: "#ffd34d", edge: "rgb(70 40 0 / .85)" },
};

/** Draws on a canvas; places are in map units. */
export class Map {
  #marks = []; // {x, y, kind, at}
  #cross = null;
  #scene = null;
  #frame = 0;

  constructor(canvas, size) {
    this.canvas = canvas;
    this.size = size;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    const anew = () => {
      this.#scene = null;
      this.draw();
    };
    this.dark.addEventListener("change", anew);
    new ResizeObserver(anew).observe(canvas);
  }

  /** The place of a pointer event. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const clamp = (value, most) => Math.min(Math.max(value, 0), most);
    return {
      x: clamp(((event.clientX - box.left) / box.width) * this.size.width, this.size.width),
      y: clamp(((event.clientY - box.top) / box.height) * this.size.height, this.size.height),
    };
  }

  /** Mark a click as `waiting`, `won` or `nothing`; one mark for each id. */
  mark(id, place, kind) {
    const known = this.#marks.find((mark) => mark.id === id);
    if (known) Object.assign(known, { kind, at: performance.now() });
    else this.#marks.push({ id, ...place, kind, at: performance.now() });
    if (this.#marks.length > 60) this.#marks.shift();
    this.draw();
  }

  /** Show the cross of the keyboard at a place, or hide it. */
  cross(place) {
    this.#cross = place;
    this.draw();
  }

  draw() {
    this.#frame ||= requestAnimationFrame((now) => {
      this.#frame = 0;
      this.#paint(now);
    });
  }

  #paint(now) {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const theme = this.dark.matches ? THEMES.dark : THEMES.light;
    this.#scene ??= scene(canvas.width, canvas.height, ratio, theme);
    const paint = canvas.getContext("2d");
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.drawImage(this.#scene, 0, 0);
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    let moving = false;
    for (const mark of this.#marks) {
      const age = (now - mark.at) / 700;
      const young = age < 1 && !this.still.matches;
      moving ||= young || (mark.kind === "waiting" && !this.still.matches);
      this.#mark(paint, mark, young ? age : 1, theme, (mark.x / this.size.width) * width, (mark.y / this.size.height) * height, now);
    }
    if (this.#cross) cross(paint, (this.#cross.x / this.size.width) * width, (this.#cross.y / this.size.height) * height, theme);
    if (moving) this.draw();
  }

  #mark(paint, mark, age, theme, x, y, now) {
    const won = mark.kind === "won";
    paint.strokeStyle = paint.fillStyle = won ? theme.win : theme.miss;
    paint.lineWidth = won ? 2.5 : 1.5;
    if (mark.kind === "waiting") {
      paint.globalAlpha = this.still.matches ? 0.8 : 0.55 + 0.35 * Math.sin(now / 160);
      ring(paint, x, y, 6);
    } else if (won) {
      star(paint, x, y, 9);
      paint.lineWidth = 1;
      paint.strokeStyle = theme.edge;
      paint.stroke();
      paint.strokeStyle = theme.win;
      paint.lineWidth = 2.5;
      if (age < 1) {
        paint.globalAlpha = 1 - age;
        ring(paint, x, y, 10 + age * 34);
      }
    } else {
      paint.globalAlpha = 0.7;
      ring(paint, x, y, 3);
      if (age < 1) {
        paint.globalAlpha = 0.6 * (1 - age);
        ring(paint, x, y, 4 + age * 18);
      }
    }
    paint.globalAlpha = 1;
  }
}

function ring(paint, x, y, radius) {
  paint.beginPath();
  paint.arc(x, y, radius, 0, 2 * Math.PI);
  paint.stroke();
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

function cross(paint, x, y, theme) {
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

/** Paint what does not move once. */
function scene(width, height, ratio, theme) {
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
  for (let x = 0; x <= width; x += width / 40) paint.lineTo(x, horizon - height * (0.02 + 0.035 * Math.abs(Math.sin(x / width * 5.2 + 0.6)) * (0.6 + 0.4 * Math.sin(x / width * 17))));
  paint.lineTo(width, horizon);
  paint.fill();
  const foot = { x: width * 0.78, y: horizon + height * 0.012 };
  const tall = height * 0.17;
  const beam = (angle, spread) => {
    const lamp = { x: foot.x, y: foot.y - tall };
    const reach = width * 0.9;
    const glow = paint.createRadialGradient(lamp.x, lamp.y, 0, lamp.x, lamp.y, reach);
    glow.addColorStop(0, theme.light);
    glow.addColorStop(1, "transparent");
    paint.fillStyle = glow;
    paint.globalAlpha = 0.3;
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

/** The same scene for everybody: a small generator (mulberry32) instead of Math.random. */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
