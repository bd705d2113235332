// Forms that send a request of the API reference to this server, and show the response.

import { uuid } from "../lib/click.js";
import { element } from "../shared/elements.js";

const SHOWN = 100_000; // characters of a body; the beginning of a longer one is dropped
const UUID = "[0-9a-fA-F]{8}"; // in the pattern of an id that clients make

/** Return an example of a value; its schema has no references. */
export function example(schema) {
  if (schema.pattern?.includes(UUID)) return uuid();
  if (schema.examples) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return example(schema.anyOf[0]);
  if (schema.type === "object") {
    const required = schema.required ?? [];
    return Object.fromEntries(required.map((name) => [name, example(schema.properties[name])]));
  }
  if (schema.type === "array") return Array.from({ length: schema.minItems ?? 0 }, () => example(schema.items));
  if (schema.type === "string") return "example";
  return schema.minimum ?? 1;
}

/**
 * Return a form that sends requests of one operation.
 * @param {string} path with names in braces
 * @param {string} method in lower case
 * @param {object} operation of the OpenAPI document
 * @param {object | undefined} bodySchema without references
 * @param {() => string} token returns the token that the reader entered, or an empty text
 */
export function tryForm(path, method, operation, bodySchema, token) {
  const inputs = operation.parameters.map((parameter) => ({ parameter, input: parameterInput(parameter) }));
  const body = bodySchema && element("textarea", { rows: 8, spellcheck: false, value: JSON.stringify(example(bodySchema), null, 2) });
  const send = element("button", { type: "submit" }, "Send");
  const stop = element("button", { type: "button", disabled: true }, "Stop");
  const result = element("div", { className: "result" });
  const fields = inputs.map(({ parameter, input }) => element("label", {}, `${parameter.name} (${parameter.in})`, input));
  if (body) fields.push(element("label", {}, "Body", body));
  const form = element("form", {}, ...fields, element("p", {}, send, " ", stop), result);
  const accepts = operation.security.some((each) => each.player || each.operator);
  let running = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running?.abort();
    const mine = (running = new AbortController());
    stop.disabled = false;
    await show(result, `${method.toUpperCase()} ${path}`, request(path, method, inputs, body, accepts ? token() : ""), mine.signal);
    if (running === mine) stop.disabled = true;
  });
  stop.addEventListener("click", () => running.abort());
  return form;
}

function parameterInput({ schema, in: place }) {
  const input = element("input", { spellcheck: false, autocomplete: "off", required: place === "path" });
  if (place === "path") input.value = example(schema);
  return input;
}

/** Return the address and the options of a request. */
function request(path, method, inputs, body, token) {
  const headers = {};
  const query = new URLSearchParams();
  let address = path;
  for (const { parameter, input } of inputs) {
    if (input.value === "") continue;
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query") query.set(parameter.name, input.value);
    else headers[parameter.name] = input.value;
  }
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const options = { method: method.toUpperCase(), headers, cache: "no-store" };
  if (body) options.body = body.value;
  return { address: query.size ? `${address}?${query}` : address, options };
}

/**
 * Send a request, and show it and the response as it arrives.
 * @param {Element} result whose content is replaced
 * @param {string} name of the operation
 * @param {{address: string, options: object}} request as for `fetch`
 * @param {AbortSignal} signal that stops it
 */
async function show(result, name, { address, options }, signal) {
  const status = element("p", { role: "status" }, "Sent.");
  const text = element("pre", { tabIndex: 0, role: "region", ariaLabel: `Response of ${name}` });
  result.replaceChildren(element("pre", {}, curl(address, options)), status);
  const began = performance.now();
  try {
    const response = await fetch(address, { ...options, signal });
    const ms = Math.round(performance.now() - began);
    status.textContent = `Status ${response.status}, after ${ms} ms`;
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\n`);
    text.append(...headers, "\n");
    result.append(text);
    if (response.headers.get("Content-Type")?.endsWith("json")) text.append(pretty(await response.text()));
    else await append(text, response.body);
  } catch (error) {
    status.append(signal.aborted ? " Stopped." : ` No answer: ${error.message}`);
  }
}

function pretty(text) {
  return JSON.stringify(JSON.parse(text), null, 2);
}

async function append(target, stream) {
  const reader = stream?.pipeThrough(new TextDecoderStream()).getReader();
  for (let part; reader && !(part = await reader.read()).done; ) {
    target.textContent = (target.textContent + part.value).slice(-SHOWN);
  }
}

/** Return the same request as a command; the token is a variable of the shell. */
function curl(address, { method, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl"];
  if (method !== "GET") parts.push(`-X ${method}`);
  for (const [name, value] of Object.entries(headers)) {
    parts.push(name === "Authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body) parts.push(`-d ${quoted(body)}`);
  return [...parts, quoted(new URL(address, location).href)].join(" ");
}
