// Elements with text in them, which is all that the page is made of.

/** @param {...(string | Node)} content */
export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}
