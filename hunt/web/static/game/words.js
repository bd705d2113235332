// The words of the page, in the language that the server has chosen.

const words = JSON.parse(document.getElementById("words").textContent);

/** Language of the words (BCP 47). */
export const language = document.documentElement.lang;

const plural = new Intl.PluralRules(language);

/**
 * Return a text in the language of the page.
 * @param {string} key of `static/words`
 * @param {object} values of the names in braces; `count` also chooses the plural
 */
export function say(key, values = {}) {
  const found = words[key];
  if (found === undefined) throw new Error(`words: no text for ${key}`);
  const text = typeof found === "string" ? found : found[plural.select(values.count)] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === "number" ? numberText(value) : value ?? whole;
  });
}

/** Return whether there is a text for this key. */
export const hasWords = (key) => key in words;

/** Return the text of a key for a scene, or the one for all scenes. */
export const sayFor = (key, scene, values) => say(hasWords(`${key}.${scene}`) ? `${key}.${scene}` : key, values);

export const numberText = (number) => number.toLocaleString(language);

export const pointsText = (points) => say("countPoints", { count: points });

/** Return the text about a refusal: ours if there is one, or the server's. */
export const refusalText = ({ type, message }) => (hasWords(`problem.${type}`) ? say(`problem.${type}`) : message);
