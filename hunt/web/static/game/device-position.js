// Clicking at the position of the device: a button that asks the browser for it.

const PATIENCE = 20_000; // ms for the device to find its position

const REASONS = {
  1: "This page may not see your position. Allow it in the settings of your browser, beside the address, and try again.",
  2: "Your device cannot find its position. Switch on its location services, and try again.",
  3: "Your device did not find its position in time. Go where you see the sky, and try again.",
};

/** The button that clicks where the device is. */
export class DevicePosition {
  #button;
  #view;
  #limit;
  #handlers;
  #busy = false;

  /**
   * @param {HTMLButtonElement} button
   * @param {import("./map-view.js").MapView} view of the map
   * @param {number} limit largest accuracy in metres; Infinity: any
   * @param {{click: (position: {x: number, y: number, accuracy: number}) => void,
   *   say: (text: string, kind: string) => void}} handlers
   */
  constructor(button, view, limit, handlers) {
    this.#button = button;
    this.#view = view;
    this.#limit = limit;
    this.#handlers = handlers;
    button.hidden = false;
    button.addEventListener("click", () => this.#ask());
  }

  #ask() {
    if (this.#busy) return; // a position is on its way
    if (!isSecureContext || !navigator.geolocation) {
      this.#handlers.say("Your browser gives positions to pages with https:// only.", "bad");
      return;
    }
    this.#wait(true);
    this.#handlers.say("Finding your position …", "busy");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => this.#found(coords),
      ({ code }) => this.#failed(code),
      { enableHighAccuracy: true, maximumAge: 0, timeout: PATIENCE },
    );
  }

  #found(coords) {
    this.#wait(false);
    const position = this.#view.ofDevice(coords);
    if (!position) this.#handlers.say("You are outside of the map of this hunt.", "bad");
    else if (coords.accuracy > this.#limit) this.#handlers.say(inaccurate(coords.accuracy, this.#limit), "bad");
    else this.#handlers.click({ ...position, accuracy: coords.accuracy });
  }

  #failed(code) {
    this.#wait(false);
    this.#handlers.say(REASONS[code] ?? REASONS[2], "bad");
  }

  #wait(busy) {
    this.#busy = busy;
    this.#button.setAttribute("aria-busy", String(busy));
  }
}

function inaccurate(accuracy, limit) {
  const found = `Your position is accurate to ${Math.ceil(accuracy)} metres only, and this hunt needs ${Math.floor(limit)}.`;
  return `${found} Go where you see the sky, and try again.`;
}
