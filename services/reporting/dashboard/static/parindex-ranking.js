/*
 * <parindex-ranking src="https://…" campaign="hanoi-2022" block="district" lang="vi" top="10"></parindex-ranking>
 *
 * A live ranking in a page of another site, in the look of that page: it inherits letters and colours, and its parts can
 * be styled (::part(table), ::part(status)). The page's origin has to be among PARINDEX_CORS_ORIGINS; where it is not,
 * the component shows the same ranking in a frame. A classic script: <script src="https://…/static/parindex-ranking.js" defer>.
 */
(() => {
  const WORDS = {
    vi: { rank: "Hạng", unit: "Đơn vị", index: "Chỉ số (%)", none: "chưa có số liệu", hidden: "ẩn: quá ít phiếu", provisional: "tạm tính", counted: "phiếu đã tính", state: "trạng thái", old: "mất kết nối – số liệu cũ", wait: "đang tải…", away: "hiện chưa lấy được số liệu" },
    en: { rank: "Rank", unit: "Unit", index: "Index (%)", none: "no figure yet", hidden: "hidden: too few answers", provisional: "provisional", counted: "forms counted", state: "state", old: "connection lost – figures are old", wait: "loading…", away: "the figures cannot be fetched right now" },
  };
  const STYLE = `
    :host { display: block; font: inherit; color: inherit; }
    table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { padding: 0.3em 0.5em; text-align: left; border-bottom: 1px solid color-mix(in srgb, currentcolor 20%, transparent); }
    .num { text-align: right; }
    p { margin: 0.5em 0 0; font-size: 0.875em; }
    iframe { width: 100%; height: 30em; border: 0; }
  `;
  const APART_MS = 1000;
  const own = document.currentScript?.src;

  class Ranking extends HTMLElement {
    static observedAttributes = ["src", "campaign", "block", "field", "group", "lang", "top"];
    #events = null;
    #timer = null;
    #asOf = null;

    constructor() {
      super();
      this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      this.shadowRoot.adoptedStyleSheets = [sheet];
    }
    connectedCallback() {
      this.#begin();
    }
    disconnectedCallback() {
      this.#end();
    }
    attributeChangedCallback() {
      if (this.isConnected) this.#begin();
    }

    get #words() {
      return WORDS[this.getAttribute("lang") === "en" ? "en" : "vi"];
    }
    get #root() {
      return (this.getAttribute("src") || (own ? new URL(own).origin : location.origin)).replace(/\/+$/, "");
    }
    #query(names) {
      const given = names.map((name) => [name, this.getAttribute(name)]).filter(([, value]) => value);
      return new URLSearchParams(given).toString();
    }

    #begin() {
      this.#end();
      if (!this.getAttribute("campaign")) return;
      this.#status(this.#words.wait);
      this.#refresh();
    }
    #end() {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#events?.close();
      this.#events = null;
    }
    #follow() {
      if (this.#events || !this.isConnected) return;
      const events = new EventSource(`${this.#root}/v1/campaigns/${encodeURIComponent(this.getAttribute("campaign"))}/events`);
      events.addEventListener("state", (event) => {
        if (JSON.parse(event.data).state === this.#asOf?.state) this.#say();
        else this.#timer ??= setTimeout(() => this.#refresh(), APART_MS * Math.random());
      });
      for (const what of ["unavailable", "error"]) events.addEventListener(what, () => this.#status(this.#words.old));
      this.#events = events;
    }

    async #refresh() {
      this.#timer = null;
      const address = `${this.#root}/v1/campaigns/${encodeURIComponent(this.getAttribute("campaign"))}/rankings?${this.#query(["block", "field", "group"])}`;
      let answer;
      try {
        answer = await fetch(address);
      } catch {
        // The origin is not let in, or the service cannot be reached: a frame shows either.
        if (this.#asOf === null) this.#frame();
        else this.#status(this.#words.old);
        return;
      }
      if (!answer.ok) {
        this.#status(this.#asOf ? this.#words.old : this.#words.away);
        this.#timer = setTimeout(() => this.#refresh(), 5 * APART_MS);
        return;
      }
      this.#draw(await answer.json());
      this.#follow();
    }
    #frame() {
      const frame = document.createElement("iframe");
      frame.title = "PAR Index";
      frame.src = `${this.#root}/embed/${encodeURIComponent(this.getAttribute("campaign"))}?${this.#query(["block", "field", "group", "lang", "top"])}`;
      this.shadowRoot.replaceChildren(frame);
    }

    #draw(ranking) {
      const words = this.#words;
      const lang = this.getAttribute("lang") === "en" ? "en" : "vi";
      const top = Number(this.getAttribute("top")) || ranking.rows.length;
      const table = document.createElement("table");
      table.part = "table";
      const head = table.createTHead().insertRow();
      for (const [key, kind] of [["rank", "num"], ["unit", ""], ["index", "num"]]) {
        const cell = document.createElement("th");
        cell.scope = "col";
        cell.className = kind;
        cell.textContent = words[key];
        head.append(cell);
      }
      const body = table.createTBody();
      for (const row of ranking.rows.slice(0, top)) {
        const line = body.insertRow();
        const figure = row.index === null ? (row.suppressed ? words.hidden : words.none) : lang === "vi" ? row.index.replace(".", ",") : row.index;
        const who = (lang === "en" && row.name.en) || row.name.vi;
        const texts = [row.rank ?? "–", row.provisional ? `${who} (${words.provisional})` : who, figure];
        texts.forEach((text, n) => {
          const cell = line.insertCell();
          cell.textContent = text;
          if (n !== 1) cell.className = "num";
        });
      }
      this.shadowRoot.querySelector("iframe")?.remove();
      const before = this.shadowRoot.querySelector("table");
      if (before) before.replaceWith(table);
      else this.shadowRoot.prepend(table);
      this.#asOf = ranking.as_of;
      this.#say();
    }
    #say() {
      const { counted, state } = this.#asOf;
      this.#status(`${counted.toLocaleString(this.getAttribute("lang") === "en" ? "en-GB" : "vi-VN")} ${this.#words.counted} · ${this.#words.state} ${state}`);
    }
    #status(text) {
      let line = this.shadowRoot.querySelector("p");
      if (!line) {
        line = document.createElement("p");
        line.part = "status";
        line.role = "status";
        this.shadowRoot.append(line);
      }
      line.textContent = text;
    }
  }
  if (!customElements.get("parindex-ranking")) customElements.define("parindex-ranking", Ranking);
})();
