// Bytes, hashes and times of a proof. Times are whole microseconds since 1970.

/** Return a text in UTF-8. */
export function utf8(text) {
  return new TextEncoder().encode(text);
}

/** Return the bytes of a text in hexadecimal digits. */
export function bytes(hex) {
  if (typeof hex !== "string" || hex.length % 2 || /[^0-9a-f]/.test(hex)) throw new TypeError(`${JSON.stringify(hex)} is not in hexadecimal digits`);
  return Uint8Array.from({ length: hex.length / 2 }, (_, number) => parseInt(hex.slice(2 * number, 2 * number + 2), 16));
}

/** Return bytes in hexadecimal digits. */
export function hex(found) {
  return Array.from(new Uint8Array(found), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the SHA-256 of bytes. */
export async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** Return bytes joined. */
export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

/** Return a time in RFC 3339 as microseconds. */
export function instant(text) {
  const [, whole, fraction = "", offset] = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  return Date.parse(whole + offset) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** Return the HMAC-SHA-256 of bytes. */
export async function hmac(key, message) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}

/** Return a document as it is hashed (RFC 8785). */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}
