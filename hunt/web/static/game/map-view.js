// The range of a map, and where its positions are on the page.

const METRES = 111_195; // of one degree of latitude, on a sphere with the earth's mean radius

/** Converts positions to shares of the map's picture, 0 to 1 from left to right and from top to bottom, and back. */
export class MapView {
  #west;
  #south;
  #width;
  #height;
  #down; // y points down

  /** @param {object} map of the hunt's details: `{width, height}`, or `{west, south, east, north, unit}` */
  constructor({ width, height, west = 0, south = 0, east = width, north = height, unit = "size" }) {
    this.#west = west;
    this.#south = south;
    this.#width = east - west;
    this.#height = north - south;
    this.#down = unit === "size";
    this.isDegrees = unit === "degrees";
  }

  /** Width of the picture by its height, as at the map's middle latitude; null: any. */
  get aspect() {
    if (this.#down) return null;
    return (this.#width / this.#height) * (this.isDegrees ? this.#shrunk : 1);
  }

  /** Width of the map in metres; null if it is not in degrees. */
  get metres() {
    return this.isDegrees ? this.#width * METRES * this.#shrunk : null;
  }

  get #shrunk() {
    return Math.max(Math.cos(((this.#south + this.#height / 2) * Math.PI) / 180), 0.01);
  }

  /** Return a position as shares of the picture; outside of the map they are below 0 or above 1. */
  share({ x, y }) {
    const up = (y - this.#south) / this.#height;
    return { u: (x - this.#west) / this.#width, v: this.#down ? up : 1 - up };
  }

  /** Return the position at shares of the picture; on the nearest edge if they are outside. */
  position({ u, v }) {
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    const up = inside(this.#down ? v : 1 - v);
    return {
      x: Math.min(this.#west + inside(u) * this.#width, this.#west + this.#width),
      y: Math.min(this.#south + up * this.#height, this.#south + this.#height),
    };
  }

  /** Return the position of a device as this map counts it (over the 180th meridian), or null outside of the map. */
  ofDevice({ longitude, latitude }) {
    const x = longitude < this.#west ? longitude + 360 : longitude;
    const { u, v } = this.share({ x, y: latitude });
    return u >= 0 && u <= 1 && v >= 0 && v <= 1 ? { x, y: latitude } : null;
  }

  /** Return the lines of a grid with round values: `{across: [{at, text}], up: [{at, text}]}`, `at` as a share. */
  grid() {
    const step = roundBelow(Math.min(this.#width, this.#height) / 3);
    const [east, north] = this.isDegrees ? [longitudeText, latitudeText] : [unitText, unitText];
    return {
      across: lines(this.#west, this.#width, step).map((x) => ({ at: this.share({ x, y: 0 }).u, text: east(x, step) })),
      up: lines(this.#south, this.#height, step).map((y) => ({ at: this.share({ x: 0, y }).v, text: north(y, step) })),
    };
  }
}

/** Return the largest of 1, 2 and 5 times a power of ten that is at most `value`. */
export function roundBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].map((each) => each * power).find((each) => each <= value * 1.000001);
}

function lines(from, length, step) {
  const found = [];
  for (let number = Math.floor(from / step) + 1; number * step < from + length; number++) found.push(number * step);
  return found;
}

function unitText(value, step) {
  return value.toFixed(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
}

function longitudeText(value, step) {
  const wrapped = value > 180 ? value - 360 : value;
  return `${unitText(Math.abs(wrapped), step)}° ${wrapped < 0 ? "W" : "E"}`;
}

function latitudeText(value, step) {
  return `${unitText(Math.abs(value), step)}° ${value < 0 ? "S" : "N"}`;
}
