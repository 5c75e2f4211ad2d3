// The address is the state: what is shown can be linked to, and back and forward work.

/** The parameters of the address. */
export function read() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** Changes parameters (null or "" leaves one out) and tells whoever listens, but for what is there already (`quiet`). */
export function write(changes, { replace = false, quiet = false } = {}) {
  const parameters = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") parameters.delete(key);
    else parameters.set(key, value);
  }
  const text = parameters.toString();
  const address = location.pathname + (text ? `?${text}` : "") + location.hash;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  if (!quiet) listeners.forEach((listener) => listener(read()));
}

const listeners = [];
/** Calls `listener` with the parameters whenever they change. */
export function listen(listener) {
  listeners.push(listener);
}
addEventListener("popstate", () => listeners.forEach((listener) => listener(read())));

/** An address of this dashboard, in the language that the page is in. */
export function link(path, parameters = {}) {
  const lang = document.documentElement.lang;
  const query = new URLSearchParams({ ...parameters, ...(lang === "vi" ? {} : { lang }) }).toString();
  return query ? `${path}?${query}` : path;
}

/** Keeps a link's address up to what the page's own is when it is used: also after changes that told nobody. */
export function follows(element, make) {
  for (const kind of ["pointerover", "focus"]) {
    element.addEventListener(kind, () => {
      element.href = make();
    });
  }
}
