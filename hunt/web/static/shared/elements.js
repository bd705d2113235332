// DOM helpers.

export const byId = (id) => document.getElementById(id);

/**
 * Return a new element.
 * @param {string} name of the tag
 * @param {object} properties of the element, such as `className`
 * @param {...(string | Node)} content
 */
export function element(name, properties, ...content) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}
