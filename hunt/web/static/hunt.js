// The public address of the module for other pages. It never changes; the files in lib/ may.

export * from "./lib/hunt.js";
