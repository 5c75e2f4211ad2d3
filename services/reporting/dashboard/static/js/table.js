// A table that sorts, filters and is kept current row by row: nothing that stays is taken out of the page.
import { announce, h, say } from "./dom.js";
import { plain, t } from "./labels.js";

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {string} [class] of the head's and every row's cell
 * @property {boolean} [header] whether its cells name their rows
 * @property {(row: any) => any} [sort] what it sorts by: numbers or texts; null always comes last. None: it does not sort
 * @property {"ascending" | "descending"} [first] which way it sorts first
 * @property {(cell: HTMLTableCellElement, row: any) => void} fill
 */

const PART = 200;

export class Table {
  /**
   * @param {HTMLTableElement} element
   * @param {{columns: Column[], key: (row: any) => string, words: (row: any) => string, compare?: (a: string, b: string) => number,
   *   sort?: {by: string, way: string} | null, part?: number, onsort?: (sort: {by: string, way: string}) => void,
   *   onshown?: (shown: number, all: number, left: number) => void}} options
   *   words: what a row is found by; part: how many rows are shown at first, and more at a time
   */
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.rows = [];
    this.filter = "";
    this.part = options.part ?? PART;
    this.most = this.part;
    this.sort = options.sort ?? null;
    this.made = new Map();
    this.caption = h("caption", { class: "quiet" });
    this.head = h("tr");
    this.body = h("tbody");
    element.replaceChildren(this.caption, h("thead", {}, this.head), this.body);
    this.#makeHead();
  }

  #makeHead() {
    this.heads = new Map();
    for (const column of this.options.columns) {
      const cell = h("th", { scope: "col", class: column.class });
      if (column.sort) {
        cell.append(
          h(
            "button",
            { type: "button", class: "sort", title: t("col.sort", { what: column.title }), onclick: () => this.sortBy(column) },
            column.title,
          ),
        );
      } else cell.append(column.title);
      this.heads.set(column.key, cell);
      this.head.append(cell);
    }
  }

  sortBy(column) {
    const first = column.first ?? "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const way = this.sort?.by === column.key && this.sort.way === first ? other : first;
    this.sort = { by: column.key, way };
    this.options.onsort?.(this.sort);
    this.draw();
    announce(`${t("col.sort", { what: column.title })}: ${way === "ascending" ? "↑" : "↓"}`);
  }

  /** Shows rows. Cells that say the same as before are left alone. */
  show(rows, caption) {
    this.rows = rows;
    say(this.caption, caption);
    this.element.removeAttribute("aria-busy");
    this.draw();
  }

  setFilter(text) {
    this.filter = plain(text.trim());
    this.most = this.part;
    this.draw();
  }

  more() {
    this.most += this.part;
    this.draw();
  }

  draw() {
    const found = this.#ordered(this.rows.filter((row) => !this.filter || plain(this.options.words(row)).includes(this.filter)));
    const shown = found.slice(0, this.most);
    for (const [key, cell] of this.heads) {
      const sorted = this.sort?.by === key;
      if (sorted) cell.setAttribute("aria-sort", this.sort.way);
      else cell.removeAttribute("aria-sort");
    }
    const keys = new Set(shown.map((row) => this.options.key(row)));
    for (const [key, line] of this.made) {
      if (!keys.has(key)) {
        line.remove();
        this.made.delete(key);
      }
    }
    let before = null;
    for (const row of shown) {
      const line = this.#line(row);
      const next = before ? before.nextSibling : this.body.firstChild;
      if (next !== line) this.body.insertBefore(line, next);
      before = line;
    }
    this.options.onshown?.(shown.length, this.rows.length, found.length - shown.length);
  }

  #line(row) {
    const key = this.options.key(row);
    let line = this.made.get(key);
    if (!line) {
      line = h("tr");
      for (const column of this.options.columns) {
        line.append(h(column.header ? "th" : "td", { scope: column.header ? "row" : null, class: column.class }));
      }
      this.made.set(key, line);
    }
    this.options.columns.forEach((column, n) => column.fill(line.cells[n], row));
    return line;
  }

  #ordered(rows) {
    const column = this.sort && this.options.columns.find((one) => one.key === this.sort.by);
    if (!column?.sort) return rows;
    const sign = this.sort.way === "descending" ? -1 : 1;
    const texts = this.options.compare ?? ((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return rows
      .map((row, n) => ({ row, n, value: column.sort(row) }))
      .sort((a, b) => {
        if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.n - b.n;
        const found = typeof a.value === "string" ? texts(a.value, b.value) : a.value - b.value;
        return sign * found || a.n - b.n;
      })
      .map((found) => found.row);
  }
}
