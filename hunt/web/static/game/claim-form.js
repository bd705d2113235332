// The form of a claim: one control for each field, each with its label and its error.

import { element } from "../shared/elements.js";
import { language, say } from "./words.js";

const TYPES = { email: "email", phone: "tel", date: "date" };
const COMPLETIONS = { email: "email", phone: "tel", country: "country", lines: "street-address" };

/** Return the countries of ISO 3166-1 that the browser knows: code and name, by name. */
function countries() {
  const names = new Intl.DisplayNames([language], { type: "region", fallback: "none" });
  const found = [];
  for (let first = 65; first <= 90; first++) {
    for (let second = 65; second <= 90; second++) {
      const code = String.fromCharCode(first, second);
      const name = RESERVED.has(code) ? undefined : names.of(code);
      if (name) found.push([code, name]);
    }
  }
  return found.sort(([, a], [, b]) => a.localeCompare(b, language));
}

// Codes that browsers name although ISO 3166-1 does not assign them to a country.
const RESERVED = new Set("AC CP CQ DG EA EU EZ IC QO TA UK UN XA XB XK ZZ AN BU CS DD FX NT SU TP YD YU ZR".split(" "));

export class ClaimForm {
  #fields = []; // {field, control, fault}

  /**
   * @param {Element} frame holds the controls
   * @param {object[]} fields of the prize's `claim`
   */
  constructor(frame, fields) {
    frame.replaceChildren(...fields.map((field, number) => this.#row(field, `claim-field-${number}`)));
  }

  /** The values by name. */
  get values() {
    return Object.fromEntries(
      this.#fields.map(({ field, control }) => [field.name, field.kind === "consent" ? control.checked : control.value]),
    );
  }

  /**
   * Show the faults, by `fields.` and name as the server names them; focus the first wrong field.
   * @returns {boolean} whether a field is wrong
   */
  showFaults(errors) {
    let first = null;
    for (const { field, control, fault } of this.#fields) {
      const wrong = errors[`fields.${field.name}`];
      fault.textContent = wrong ? `${field.label}: ${wrong}` : "";
      control.setAttribute("aria-invalid", String(Boolean(wrong)));
      if (wrong) first ??= control;
    }
    first?.focus();
    return first !== null;
  }

  #row(field, id) {
    const control = this.#control(field);
    const fault = element("p", { id: `${id}-fault`, className: "fault" });
    Object.assign(control, { id, name: field.name, required: field.required });
    control.setAttribute("aria-describedby", fault.id);
    this.#fields.push({ field, control, fault });
    const mark = field.required ? "" : say("optional");
    const label = element("label", { htmlFor: id }, field.label + mark);
    const consent = field.kind === "consent";
    return element("div", { className: consent ? "field consent" : "field" }, ...(consent ? [control, label] : [label, control]), fault);
  }

  #control({ kind, max }) {
    if (kind === "consent") return element("input", { type: "checkbox" });
    if (kind === "country") {
      const options = countries().map(([code, name]) => element("option", { value: code }, name));
      return element("select", { autocomplete: "country" }, element("option", { value: "" }, say("choose")), ...options);
    }
    if (kind === "lines") return element("textarea", { rows: 4, maxLength: max, autocomplete: COMPLETIONS.lines });
    const made = element("input", { type: TYPES[kind] ?? "text", autocomplete: COMPLETIONS[kind] ?? "on" });
    if (kind !== "date") made.maxLength = max;
    return made;
  }
}
