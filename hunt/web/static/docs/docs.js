// Shows /openapi.json: every operation with its parameters, statuses and shapes.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Return an element with text, or with what is inside it. */
function element(name, ...inside) {
  const made = document.createElement(name);
  made.append(...inside);
  return made;
}

/** Return a schema with all that it refers to, so that it can be read at once. */
function whole(schema, schemas, depth = 0) {
  if (Array.isArray(schema)) return schema.map((each) => whole(each, schemas, depth));
  if (schema === null || typeof schema !== "object") return schema;
  if (schema.$ref && depth < 6) return whole(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name]) => name !== "title")
      .map(([name, value]) => [name, whole(value, schemas, depth)]),
  );
}

function shape(title, content, schemas) {
  const [type, { schema }] = Object.entries(content)[0];
  const text = JSON.stringify(whole(schema, schemas), null, 2);
  const shown = element("details", element("summary", `${title}: `, element("code", type)));
  shown.append(element("pre", text));
  return shown;
}

function table(title, rows) {
  const body = element("tbody", ...rows.map((row) => {
    const [first, ...rest] = row;
    const head = element("th", element("code", first));
    head.scope = "row";
    return element("tr", head, ...rest.map((each) => element("td", each)));
  }));
  return element("table", element("caption", title), body);
}

function operation(path, method, said, schemas) {
  const shown = element("details", element("summary", element("b", method.toUpperCase()), path));
  shown.id = said.operationId;
  shown.append(element("p", said.summary));
  const who = said.security.map((each) => Object.keys(each)[0] ?? "anybody");
  shown.append(element("p", `For: ${who.join(", ")}.`));
  if (said.parameters.length) {
    shown.append(table("Parameters", said.parameters.map((each) => [each.name, each.in, each.description])));
  }
  if (said.requestBody) shown.append(shape("Body", said.requestBody.content, schemas));
  const answers = Object.entries(said.responses);
  shown.append(table("Answers", answers.map(([status, each]) => [
    status, each.description, Object.keys(each.headers ?? {}).join(", "),
  ])));
  for (const [status, each] of answers) {
    if (each.content && status < 300) shown.append(shape(status, each.content, schemas));
  }
  return shown;
}

async function main() {
  const place = document.getElementById("operations");
  const said = await (await fetch("/openapi.json")).json();
  document.getElementById("description").textContent = said.info.description;
  const tags = new Map();
  for (const [path, methods] of Object.entries(said.paths)) {
    for (const method of METHODS.filter((each) => methods[each])) {
      const shown = operation(path, method, methods[method], said.components.schemas);
      const tag = methods[method].tags[0];
      if (!tags.has(tag)) tags.set(tag, element("section", element("h2", tag)));
      tags.get(tag).append(shown);
    }
  }
  place.replaceChildren(...tags.values());
  place.removeAttribute("aria-busy");
}

await main();
