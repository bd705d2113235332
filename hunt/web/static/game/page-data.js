// Data that the server has put into the page, so that the page need not request it.

const found = document.getElementById("data")?.textContent;
const data = found ? JSON.parse(found) : {};

/** Return the list of hunts in the page; undefined if it has none. */
export const knownHunts = () => data.list?.hunts;

/** Return the details of the hunt with this id; undefined if the page has none. */
export const knownDetails = (id) => (data.hunt?.id === id ? data.hunt : undefined);

/** Return the language of the hunt's texts that the server has chosen; undefined if the page has no hunt. */
export const textLanguage = () => data.language ?? undefined;
