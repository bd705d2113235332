// The picture of a rare win: a card with the prize in the look of the hunt, to share or to save.

import { byId } from "../shared/elements.js";
import { generator } from "./paint.js";
import { covered, picture, scene, themeOf } from "./scene.js";
import { language, pointsText, say } from "./words.js";

const [WIDTH, HEIGHT] = [1080, 1350]; // pixels: 4 by 5, which all networks show whole
const SERIF = 'ui-serif, Georgia, "DejaVu Serif", serif';
const SANS = 'ui-sans-serif, system-ui, "DejaVu Sans", sans-serif';

export class Moment {
  #hunt;
  #look;
  #prizes;
  #reward = null;

  /**
   * @param {string} hunt title
   * @param {import("./look.js").Look} look
   * @param {import("./prizes.js").Prizes} prizes
   */
  constructor(hunt, look, prizes) {
    this.#hunt = hunt;
    this.#look = look;
    this.#prizes = prizes;
    byId("show").addEventListener("click", () => this.#open());
    byId("moment-save").addEventListener("click", () => this.#save());
    byId("moment-share").addEventListener("click", () => this.#share());
  }

  /** Show the title of a rare win over the map, and offer its picture. */
  offer(reward) {
    this.#reward = reward;
    const title = byId("burst");
    title.textContent = this.#prizes.title(reward.prize);
    title.hidden = true;
    void title.offsetWidth; // begins its animation again
    title.hidden = false;
    byId("show").hidden = false;
  }

  async #open() {
    const title = this.#prizes.title(this.#reward.prize);
    const canvas = byId("card");
    canvas.setAttribute("aria-label", say("cardLabel", { title, hunt: this.#hunt }));
    await this.#paint(canvas, title);
    byId("moment-share").hidden = !navigator.canShare?.({ files: [new File([], "hunt.png", { type: "image/png" })] });
    byId("moment").showModal();
  }

  async #paint(canvas, title) {
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    const paint = canvas.getContext("2d");
    const theme = themeOf(this.#look);
    const image = await picture(this.#look.background);
    paint.drawImage(image ? covered(WIDTH, HEIGHT, image, false) : scene(WIDTH, HEIGHT, 2.6, this.#look), 0, 0);
    const shade = paint.createLinearGradient(0, HEIGHT * 0.3, 0, HEIGHT);
    shade.addColorStop(0, "rgb(6 8 24 / .1)");
    shade.addColorStop(0.45, "rgb(6 8 24 / .82)");
    shade.addColorStop(1, "rgb(6 8 24 / .94)");
    paint.fillStyle = shade;
    paint.fillRect(0, 0, WIDTH, HEIGHT);
    paintGem(paint, WIDTH / 2, HEIGHT * 0.4, 150, theme);
    paint.textAlign = "center";
    paint.direction = document.documentElement.dir;
    paint.fillStyle = theme.win;
    paint.font = `600 44px ${SANS}`;
    paint.fillText(say(this.#reward.test ? "testWin" : "found").toLocaleUpperCase(language), WIDTH / 2, HEIGHT * 0.585);
    paint.fillStyle = "#ffffff";
    const end = wrapped(paint, title, HEIGHT * 0.665, [104, 84, 66]);
    paint.fillStyle = "#dfe6f5";
    paint.font = `500 46px ${SANS}`;
    paint.fillText(pointsText(this.#reward.points), WIDTH / 2, end + 74);
    paint.fillStyle = "#c3cde2";
    paint.font = `400 38px ${SANS}`;
    paint.fillText(say("cardLine", { hunt: this.#hunt }), WIDTH / 2, HEIGHT - 122, WIDTH - 120);
    const day = new Date(this.#reward.at).toLocaleDateString(language, { dateStyle: "long" });
    paint.fillText(`${say("cardNumber", { seq: this.#reward.seq })} · ${day}`, WIDTH / 2, HEIGHT - 66, WIDTH - 120);
    paint.strokeStyle = theme.win;
    paint.lineWidth = 6;
    paint.beginPath();
    paint.roundRect(24, 24, WIDTH - 48, HEIGHT - 48, 40);
    paint.stroke();
  }

  async #file() {
    const blob = await new Promise((done) => byId("card").toBlob(done, "image/png"));
    return new File([blob], `${this.#reward.prize}.png`, { type: "image/png" });
  }

  async #share() {
    const title = this.#prizes.title(this.#reward.prize);
    const text = `${title}: ${say("cardLine", { hunt: this.#hunt })}`;
    await navigator.share({ files: [await this.#file()], text, url: location.href }).catch(() => {}); // the player has cancelled
  }

  async #save() {
    const file = await this.#file();
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: file.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

/** Paint a title in at most three lines, in the largest size that fits; return the last baseline. */
function wrapped(paint, title, top, sizes) {
  for (const size of sizes) {
    paint.font = `600 ${size}px ${SERIF}`;
    const lines = linesOf(paint, title, WIDTH - 150);
    if (lines.length > 2 && size !== sizes.at(-1)) continue;
    lines.slice(0, 3).forEach((line, number) => paint.fillText(line, WIDTH / 2, top + number * size * 1.12, WIDTH - 150));
    return top + (Math.min(lines.length, 3) - 1) * size * 1.12;
  }
}

function linesOf(paint, title, width) {
  const lines = [""];
  for (const word of title.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) && paint.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/** Paint a great star with rays, and sparks around it. */
function paintGem(paint, x, y, radius, theme) {
  const glow = paint.createRadialGradient(x, y, 0, x, y, radius * 3);
  glow.addColorStop(0, theme.win);
  glow.addColorStop(1, `${theme.win}00`);
  paint.fillStyle = glow;
  paint.globalAlpha = 0.75;
  paint.fillRect(x - radius * 3, y - radius * 3, radius * 6, radius * 6);
  const ray = paint.createRadialGradient(x, y, 0, x, y, radius * 3.4);
  ray.addColorStop(0.3, theme.win);
  ray.addColorStop(1, `${theme.win}00`);
  paint.globalAlpha = 0.45;
  paint.fillStyle = ray;
  for (let n = 0; n < 14; n++) {
    const angle = (n * Math.PI) / 7;
    paint.beginPath();
    paint.moveTo(x, y);
    paint.lineTo(x + radius * 3.4 * Math.cos(angle - 0.07), y + radius * 3.4 * Math.sin(angle - 0.07));
    paint.lineTo(x + radius * 3.4 * Math.cos(angle + 0.07), y + radius * 3.4 * Math.sin(angle + 0.07));
    paint.fill();
  }
  paint.globalAlpha = 1;
  for (const [size, colour] of [[1.1, "#ffffff"], [1, theme.win]]) {
    paint.fillStyle = colour;
    star(paint, x, y, radius * size, 5);
  }
  const random = generator(5);
  paint.fillStyle = "#ffffff";
  for (let n = 0; n < 26; n++) {
    const [angle, far] = [Math.PI * (0.9 + 1.2 * random()), radius * (1.3 + 1.6 * random())]; // above the words
    star(paint, x + far * Math.cos(angle), y + far * Math.sin(angle), radius * (0.04 + 0.1 * random()), 4);
  }
}

function star(paint, x, y, radius, points) {
  paint.beginPath();
  for (let point = 0; point < 2 * points; point++) {
    const angle = -Math.PI / 2 + (point * Math.PI) / points;
    const reach = point % 2 ? radius * (points === 4 ? 0.25 : 0.45) : radius;
    paint.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
  }
  paint.closePath();
  paint.fill();
}
