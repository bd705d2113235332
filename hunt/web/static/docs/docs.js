// The API reference: shows /openapi.json, and sends requests.

import { byId, element } from "../shared/elements.js";
import { tryForm } from "./try.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const EVERYWHERE = "X-Request-Id"; // in every response, so not repeated in the tables
const MAX_DEPTH = 6; // of references that are resolved

/** Return a schema with its references resolved. */
function resolved(schema, schemas, depth = 0) {
  if (Array.isArray(schema)) return schema.map((each) => resolved(each, schemas, depth));
  if (schema === null || typeof schema !== "object") return schema;
  if (schema.$ref && depth < MAX_DEPTH) return resolved(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name]) => name !== "title")
      .map(([name, value]) => [name, resolved(value, schemas, depth)]),
  );
}

/** Return the parts of a text with code in backticks as nodes; code that is a path to a problem type is a link. */
function rich(text) {
  return text.split("`").map((part, number) => {
    if (number % 2 === 0) return part;
    const code = element("code", {}, part.split("#").pop());
    return part.includes("#") ? element("a", { href: part }, code) : code;
  });
}

/** Return names as code, separated by commas that allow a line break. */
function codeList(names) {
  return names.flatMap((name, number) => [number ? ", " : "", element("code", {}, name)]);
}

function bodyDetails(title, content, schemas) {
  const [type, { schema }] = Object.entries(content)[0];
  const summary = element("summary", {}, `${title}: `, element("code", {}, type));
  return element("details", {}, summary, element("pre", {}, JSON.stringify(resolved(schema, schemas), null, 2)));
}

/** Return a table; each row has a name and cells, which are lists of nodes. */
function table(title, rows) {
  const body = rows.map(([first, ...rest]) => {
    const head = element("th", { scope: "row" }, element("code", {}, first));
    return element("tr", {}, head, ...rest.map((each) => element("td", {}, ...each)));
  });
  return element("table", {}, element("caption", {}, title), element("tbody", {}, ...body));
}

function operationDetails(path, method, operation, schemas) {
  const { operationId, summary, security, parameters, requestBody, responses } = operation;
  const head = element("summary", {}, element("b", {}, method.toUpperCase()), path);
  const details = element("details", { id: operationId }, head, element("p", {}, ...rich(summary)));
  const schemes = security.map((each) => Object.keys(each)[0] ?? "none");
  details.append(element("p", {}, `Authentication: ${schemes.join(", ")}.`));
  if (parameters.length) {
    details.append(table("Parameters", parameters.map((each) => [each.name, [each.in], rich(each.description)])));
  }
  if (requestBody) details.append(bodyDetails("Request body", requestBody.content, schemas));
  const statuses = Object.entries(responses);
  details.append(table("Responses", statuses.map(([status, each]) => [
    status, rich(each.description), codeList(Object.keys(each.headers ?? {}).filter((name) => name !== EVERYWHERE)),
  ])));
  for (const [status, each] of statuses) {
    if (each.content && status < 300) details.append(bodyDetails(status, each.content, schemas));
  }
  if (!responses[101]) details.append(tryDetails(path, method, operation, schemas)); // a page cannot send a bare handshake
  return details;
}

/** Return a form for requests; it is made when it is opened for the first time. */
function tryDetails(path, method, operation, schemas) {
  const details = element("details", {}, element("summary", {}, "Try it"));
  const body = operation.requestBody && resolved(Object.values(operation.requestBody.content)[0].schema, schemas);
  const open = () => details.append(tryForm(path, method, operation, body, () => byId("token").value.trim()));
  details.addEventListener("toggle", open, { once: true });
  return details;
}

async function main() {
  byId("credentials").addEventListener("submit", (event) => event.preventDefault());
  const openapi = await (await fetch("/openapi.json")).json();
  byId("description").replaceChildren(...rich(openapi.info.description));
  const sections = new Map(); // by tag
  for (const [path, methods] of Object.entries(openapi.paths)) {
    for (const method of METHODS.filter((each) => methods[each])) {
      const [tag] = methods[method].tags;
      if (!sections.has(tag)) sections.set(tag, element("section", {}, element("h2", {}, tag)));
      sections.get(tag).append(operationDetails(path, method, methods[method], openapi.components.schemas));
    }
  }
  const operations = byId("operations");
  operations.replaceChildren(...sections.values());
  operations.removeAttribute("aria-busy");
}

await main();
