// Sounds, synthesised from sine tones. Off by default; the browser remembers the choice.

import { onFrame } from "../shared/frames.js";

const STORAGE_KEY = "hunt-sound";
const VOLUME = 0.12; // 0 to 1

/** Tones as [frequencies in Hz, start in s, length in s]; with two frequencies the tone slides from one to the other. */
const TONES = {
  miss: [[[210, 120], 0, 0.12]],
  prize: [[[659], 0, 0.16], [[988], 0.09, 0.35]],
  rare: [[[523], 0, 0.18], [[659], 0.1, 0.18], [[784], 0.2, 0.2], [[1047], 0.3, 0.7], [[1568], 0.36, 0.8]],
};
const KINDS = Object.keys(TONES); // from least to most important

export class Sound {
  #button;
  #audio = null;
  #next = null; // the most important kind since the last frame
  #play = onFrame(() => this.#playNext());

  /** @param {Element} button toggles the sound */
  constructor(button) {
    this.#button = button;
    button.addEventListener("click", () => this.#switch(!this.#on));
    this.#show(remembered() === "on");
  }

  /** @param {"miss" | "prize" | "rare"} kind of several in one frame, the most important is played */
  play(kind) {
    if (!this.#on) return;
    if (KINDS.indexOf(kind) > KINDS.indexOf(this.#next)) this.#next = kind;
    this.#play();
  }

  get #on() {
    return this.#button.getAttribute("aria-pressed") === "true";
  }

  #switch(on) {
    this.#show(on);
    remember(on ? "on" : "off");
    if (on) this.play("prize"); // a sample
    else this.#audio?.close();
    if (!on) this.#audio = null;
  }

  #show(on) {
    this.#button.setAttribute("aria-pressed", `${on}`);
  }

  #playNext() {
    const kind = this.#next;
    this.#next = null;
    if (!kind || !this.#on) return;
    // Created after user input only: browsers mute an AudioContext that is created earlier.
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
    volume.gain.linearRampToValueAtTime(VOLUME, start + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.001, start + length);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(start);
    oscillator.stop(start + length);
  }
}

/** Return the stored choice; null if there is none, or if the browser blocks storage. */
function remembered() {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function remember(text) {
  try {
    localStorage.setItem(STORAGE_KEY, text);
  } catch {
    // The choice lasts until the page is closed.
  }
}
