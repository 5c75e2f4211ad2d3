// A campaign's states as they come, and whether what is shown is current.
import { address, get, take, token } from "./api.js";

/** @typedef {"connecting" | "current" | "old" | "unavailable"} Condition */

const LOOK_MS = 60_000;
const PAUSES_MS = [2_000, 5_000, 10_000, 30_000];

/**
 * Follows a campaign's events. A stream that the browser gives up is opened again, and one that has died unnoticed (a
 * laptop that slept) is found out by a question now and then.
 */
export class Live {
  #source = null;
  #failures = 0;
  #timer = null;
  #listeners = { state: [], condition: [] };
  /** @type {Condition} */
  condition = "connecting";
  /** The last event's data, and when it came. */
  state = null;
  /** When it was last certain that the state is the one in force. */
  certain = null;
  #named = "";
  #brought = null;

  /**
   * @param {string} campaign
   * @param {(() => {block: string, field?: string, group?: string} | null)} [ranking] which ranking is shown: it is sent
   *   with each new state, so that the page need not ask for it
   */
  constructor(campaign, ranking = () => null) {
    this.campaign = campaign;
    this.ranking = ranking;
    addEventListener("offline", () => this.#set("old"));
    addEventListener("online", () => this.#open());
    addEventListener("visibilitychange", () => document.hidden || this.#look());
    addEventListener("pagehide", () => this.#source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.#open());
    setInterval(() => this.#look(), LOOK_MS);
    this.#open();
  }

  /** @param {"state" | "condition"} what */
  on(what, listener) {
    this.#listeners[what].push(listener);
  }

  #open() {
    clearTimeout(this.#timer);
    this.#source?.close();
    take(null);
    this.#named = this.#asked;
    const named = this.#named;
    const base = `/v1/campaigns/${encodeURIComponent(this.campaign)}`;
    const source = new EventSource(`${base}/events${named}`);
    this.#source = source;
    source.addEventListener("ranking", (event) => {
      const { etag, ranking } = JSON.parse(event.data);
      this.#brought = ranking.as_of.state;
      take({ address: `${base}/rankings${named}`, etag: `"${etag}"`, document: ranking });
    });
    source.addEventListener("state", (event) => {
      this.#failures = 0;
      this.certain = Date.now();
      this.state = JSON.parse(event.data);
      if (this.state.state !== this.#brought) take(null);
      this.#set("current");
      for (const listener of this.#listeners.state) listener(this.state);
    });
    source.addEventListener("unavailable", () => this.#set("unavailable"));
    source.addEventListener("open", () => {
      // Resumed with Last-Event-ID: where nothing is new, nothing is said.
      if (this.condition === "old" && this.state) this.#look();
    });
    source.addEventListener("error", () => {
      this.#set("old");
      if (source.readyState !== EventSource.CLOSED) return;
      const pause = PAUSES_MS[Math.min(this.#failures++, PAUSES_MS.length - 1)];
      this.#timer = setTimeout(() => this.#open(), pause * (0.5 + Math.random()));
    });
  }

  /** The query of the ranking that is shown; with a token another one may be seen than is sent to everybody. */
  get #asked() {
    const ranking = token.get() ? null : this.ranking();
    return ranking ? address("", ranking) : "";
  }

  /** Another ranking is shown. */
  turned() {
    if (this.#asked !== this.#named) this.#open();
  }

  /** Whether each state brings the ranking with it: then the server sees to it that not all come at once. */
  get sent() {
    return this.#named !== "" && !token.get();
  }

  /** Asks which state is in force: where it is another one than the stream told, the stream is dead. */
  async #look() {
    if (document.hidden || !this.#source || this.#source.readyState !== EventSource.OPEN) return;
    try {
      const found = await get("/v1/campaigns");
      const state = found.campaigns.find((one) => one.campaign === this.campaign)?.as_of.state;
      if (this.state && state > this.state.state) setTimeout(() => this.#stale(state), 2_000);
      else {
        this.certain = Date.now();
        this.#set("current");
      }
    } catch (problem) {
      this.#set(problem.status === 503 ? "unavailable" : "old");
    }
  }

  #stale(state) {
    if (this.state.state < state) this.#open();
  }

  #set(condition) {
    if (this.condition === condition) return;
    this.condition = condition;
    for (const listener of this.#listeners.condition) listener(condition);
  }
}

const APART_MS = 1_000;
const SPREAD_MS = 250;

/**
 * Calls `refresh` after every state that is not shown yet: one at a time, not more often than once a second, a little
 * apart from the other dashboards of the hall, and while nobody looks not at all.
 */
export function keepCurrent(live, refresh) {
  let shown = null;
  let running = false;
  let again = false;
  let last = 0;

  async function run() {
    again = true;
    if (running || document.hidden) return;
    running = true;
    while (again && !document.hidden) {
      again = false;
      const wait = live.sent ? 0 : Math.max(last + APART_MS - Date.now(), Math.random() * SPREAD_MS);
      await new Promise((resolve) => setTimeout(resolve, wait));
      // What was asked for otherwise meanwhile (the page's first question) need not be asked again.
      if (live.state.state === shown) continue;
      last = Date.now();
      await refresh();
    }
    running = false;
  }
  live.on("state", (state) => state.state !== shown && run());
  addEventListener("visibilitychange", () => again && run());
  return {
    /** Says which state is on the screen. */
    showing(state) {
      shown = state;
    },
  };
}
