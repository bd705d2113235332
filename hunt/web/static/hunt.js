// The public address of the module for other pages; its files are in lib/.

export * from "./lib/hunt.js";
