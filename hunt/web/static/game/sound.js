// Sounds, made of nothing but sines; off until the player wants them, which is remembered.

import { onFrame } from "../shared/frames.js";

const REMEMBERED = "hunt-sound";
const LOUD = 0.12;

/** What is heard: [frequency in Hz, begin in s, length in s] of each tone; a second frequency is where it slides to. */
const TONES = {
  miss: [[[210, 120], 0, 0.12]],
  prize: [[[659], 0, 0.16], [[988], 0.09, 0.35]],
  rare: [[[523], 0, 0.18], [[659], 0.1, 0.18], [[784], 0.2, 0.2], [[1047], 0.3, 0.7], [[1568], 0.36, 0.8]],
};
const KINDS = Object.keys(TONES); // by rank

export class Sound {
  #button;
  #audio = null;
  #next = null; // the best since the last frame
  #play = onFrame(() => this.#sound());

  /** @param {Element} button turns it on and off */
  constructor(button) {
    this.#button = button;
    button.addEventListener("click", () => this.#turn(!this.#on));
    this.#show(remembered() === "on");
  }

  /** @param {"miss" | "prize" | "rare"} kind of several at once, the best is heard */
  play(kind) {
    if (!this.#on) return;
    if (KINDS.indexOf(kind) > KINDS.indexOf(this.#next)) this.#next = kind;
    this.#play();
  }

  get #on() {
    return this.#button.getAttribute("aria-pressed") === "true";
  }

  #turn(on) {
    this.#show(on);
    remember(on ? "on" : "off");
    if (on) this.play("prize"); // so that it is known what it will be like
    else this.#audio?.close();
    if (!on) this.#audio = null;
  }

  #show(on) {
    this.#button.setAttribute("aria-pressed", `${on}`);
  }

  #sound() {
    const kind = this.#next;
    this.#next = null;
    if (!kind || !this.#on) return;
    // Made after a click or a key of the player's: before one, a browser would keep it silent.
    this.#audio ??= new AudioContext();
    this.#audio.resume();
    for (const tone of TONES[kind]) this.#tone(...tone);
  }

  #tone([from, to = from], begin, length) {
    const audio = this.#audio;
    const start = audio.currentTime + begin;
    const oscillator = new OscillatorNode(audio, { frequency: from });
    const volume = new GainNode(audio, { gain: 0 });
    oscillator.frequency.setValueAtTime(from, start);
    oscillator.frequency.exponentialRampToValueAtTime(to, start + length);
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(LOUD, start + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.001, start + length);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(start);
    oscillator.stop(start + length);
  }
}

/** A browser may keep nothing, and then says so by an error. */
function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

function remember(text) {
  try {
    localStorage.setItem(REMEMBERED, text);
  } catch {
    // It is on until the page is left.
  }
}
