// Small helpers for elements.

export const $ = (id) => document.getElementById(id);

/**
 * An element. `attributes` are set as attributes, but `on…` are listeners and null or false leaves one out.
 * No attribute `style`: the page's policy forbids it. Set `element.style` instead.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets a text where it is another one: what does not change is not touched, so that nothing is announced or moved. */
export function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

let waiting = null;
/** Tells users of screen readers something, calmly: the last of several within two seconds. */
export function announce(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => say($("announcer"), text), 2000);
}
