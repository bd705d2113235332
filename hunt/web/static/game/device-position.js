// Clicking at the position of the device: a button that asks the browser for it.

import { say } from "./words.js";

const PATIENCE = 20_000; // ms for the device to find its position

const REASONS = { 1: "gps.denied", 2: "gps.unknown", 3: "gps.late" }; // by the code of the error

/** The button that clicks where the device is.  Once the page may see the position, it follows the device. */
export class DevicePosition {
  #button;
  #view;
  #limit;
  #handlers;
  #busy = false;
  #watch = null; // id, while it follows the device

  /**
   * @param {HTMLButtonElement} button
   * @param {import("./map-view.js").MapView} view of the map
   * @param {number} limit largest accuracy in metres; Infinity: any
   * @param {{click: (position: {x: number, y: number, accuracy: number}) => void,
   *   seen: (position: {x: number, y: number, accuracy: number} | null) => void,
   *   say: (text: string, kind: string) => void}} handlers
   */
  constructor(button, view, limit, handlers) {
    this.#button = button;
    this.#view = view;
    this.#limit = limit;
    this.#handlers = handlers;
    button.hidden = false;
    button.addEventListener("click", () => this.#ask());
    navigator.permissions?.query({ name: "geolocation" }).then(({ state }) => state === "granted" && this.#follow(), () => {});
  }

  /** Report each new position of the device; the page must have the permission. */
  #follow() {
    if (this.#watch !== null || this.#busy || !navigator.geolocation) return;
    this.#watch = navigator.geolocation.watchPosition(({ coords }) => this.#seen(coords), () => {}, { enableHighAccuracy: true });
  }

  #unfollow() {
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = null;
  }

  #seen(coords) {
    const position = this.#view.ofDevice(coords);
    this.#handlers.seen(position && { ...position, accuracy: coords.accuracy });
    return position;
  }

  #ask() {
    if (this.#busy) return; // a position is on its way
    if (!isSecureContext || !navigator.geolocation) {
      this.#handlers.say(say("gps.https"), "bad");
      return;
    }
    this.#wait(true);
    this.#unfollow(); // a device that does not move gives no new position during a watch
    this.#handlers.say(say("gps.finding"), "busy");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => this.#found(coords),
      ({ code }) => this.#failed(code),
      { enableHighAccuracy: true, maximumAge: 0, timeout: PATIENCE },
    );
  }

  #found(coords) {
    this.#wait(false);
    this.#follow();
    const position = this.#seen(coords);
    if (!position) this.#handlers.say(say("gps.outside"), "bad");
    else if (coords.accuracy > this.#limit) this.#handlers.say(inaccurate(coords.accuracy, this.#limit), "bad");
    else this.#handlers.click({ ...position, accuracy: coords.accuracy });
  }

  #failed(code) {
    this.#wait(false);
    if (REASONS[code] !== REASONS[1]) this.#follow();
    this.#handlers.say(say(REASONS[code] ?? REASONS[2]), "bad");
  }

  #wait(busy) {
    this.#busy = busy;
    this.#button.setAttribute("aria-busy", String(busy));
  }
}

function inaccurate(accuracy, limit) {
  return say("gps.inaccurate", { found: Math.ceil(accuracy), needed: Math.floor(limit) });
}
