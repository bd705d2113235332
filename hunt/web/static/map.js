// The map: a harbour at night or in the morning, the marks of clicks, and the cross of the keyboard.

import { scene, THEMES } from "./scene.js";

/** Draws on a canvas; places are in map units. */
export class Chart {
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

  /** Mark a click as `waiting`, `won`, `nothing` or `unsure`; one mark for each id. */
  mark(id, place, kind) {
    const known = this.#marks.find((mark) => mark.id === id);
    if (known) Object.assign(known, { kind, at: performance.now() });
    else this.#marks.push({ id, ...place, kind, at: performance.now() });
    if (this.#marks.length > 60) this.#marks.shift();
    this.draw();
  }

  /** Take back the mark of a click that did not count. */
  unmark(id) {
    this.#marks = this.#marks.filter((mark) => mark.id !== id);
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
    const at = ({ x, y }) => ({ x: (x / this.size.width) * width, y: (y / this.size.height) * height });
    let moving = false;
    for (const mark of this.#marks) {
      const age = (now - mark.at) / 700;
      const young = age < 1 && !this.still.matches;
      moving ||= young || (mark.kind === "waiting" && !this.still.matches);
      this.#mark(paint, mark, young ? age : 1, theme, at(mark), now);
    }
    if (this.#cross) cross(paint, at(this.#cross), theme);
    if (moving) this.draw();
  }

  #mark(paint, mark, age, theme, { x, y }, now) {
    const won = mark.kind === "won";
    paint.strokeStyle = paint.fillStyle = won ? theme.win : theme.miss;
    paint.lineWidth = won ? 2.5 : 1.5;
    if (mark.kind === "waiting") {
      paint.globalAlpha = this.still.matches ? 0.8 : 0.55 + 0.35 * Math.sin(now / 160);
      ring(paint, x, y, 6);
    } else if (mark.kind === "unsure") {
      paint.setLineDash([3, 3]);
      ring(paint, x, y, 7);
      paint.setLineDash([]);
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

function cross(paint, { x, y }, theme) {
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
