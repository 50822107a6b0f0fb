/* One socket a page. A hint names a topic and a number; elements with data-live="topic" then fetch themselves again. */

const DEBOUNCE_MS = 150;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20000;
const SETTLE_MS = 300;
const WORDS = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", offline: "Offline" };

function topicsOf(element) {
  return (element.dataset.live ?? "").split(/\s+/).filter(Boolean);
}

class Live {
  constructor(htmx) {
    this.htmx = htmx;
    this.socket = null;
    this.tries = 0;
    this.asked = new Set();
    this.pending = new Set();
    this.listeners = new Set();
    this.timer = 0;
  }

  /* Calls back with the set of topics that have news. */
  onHint(callback) {
    this.listeners.add(callback);
  }

  wanted() {
    return new Set([...document.querySelectorAll("[data-live]")].flatMap(topicsOf));
  }

  show(state) {
    const mark = document.getElementById("live");
    if (!mark) return;
    mark.dataset.state = state;
    (mark.firstElementChild ?? mark).textContent = WORDS[state];
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/live/`);
    this.socket = socket;
    socket.addEventListener("open", () => this.opened());
    socket.addEventListener("message", (event) => this.received(event.data));
    socket.addEventListener("close", (event) => this.closed(socket, event));
  }

  opened() {
    this.tries = 0;
    this.asked.clear();
    this.show("live");
    this.subscribe();
  }

  subscribe() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const fresh = [...this.wanted()].filter((topic) => !this.asked.has(topic));
    if (!fresh.length) return;
    fresh.forEach((topic) => this.asked.add(topic));
    this.socket.send(JSON.stringify({ subscribe: fresh }));
    setTimeout(() => this.news(fresh), SETTLE_MS); // what changed between the drawing of the page and now, or while we were away
  }

  received(data) {
    let hint;
    try {
      hint = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof hint.topic !== "string" || hint.denied) return;
    this.news([hint.topic]);
  }

  /* A log looks at once, since it rests by itself; what is drawn anew as a whole waits for what comes with it. */
  news(topics) {
    this.listeners.forEach((listener) => listener(new Set(topics)));
    topics.forEach((topic) => this.pending.add(topic));
    this.timer ||= setTimeout(() => this.flush(), DEBOUNCE_MS);
  }

  flush() {
    this.timer = 0;
    const topics = this.pending;
    this.pending = new Set();
    for (const element of document.querySelectorAll("[data-live][hx-get]")) {
      if (topicsOf(element).some((topic) => topics.has(topic))) this.refetch(element);
    }
  }

  /* A part in which somebody types is left alone until they leave it, one behind another tab until it is shown. */
  refetch(element) {
    if (element.closest("[role=tabpanel][hidden]")) {
      element.dataset.stale = "";
      return;
    }
    delete element.dataset.stale;
    const busy = document.activeElement;
    if (element.contains(busy) && busy.matches("input:not([type=checkbox]), textarea, select")) {
      busy.addEventListener("blur", () => this.htmx.trigger(element, "live"), { once: true });
      return;
    }
    this.htmx.trigger(element, "live");
  }

  closed(socket, event) {
    if (socket !== this.socket) return;
    this.socket = null;
    if (event.code === 4401 || event.code === 4403) {
      this.show("offline"); // signed out: the next click leads to the sign-in page
      return;
    }
    this.tries += 1;
    this.show(navigator.onLine === false || this.tries > 5 ? "offline" : "reconnecting");
    const longest = Math.min(FIRST_WAIT_MS * 2 ** (this.tries - 1), LONGEST_WAIT_MS);
    setTimeout(() => this.socket || this.connect(), longest / 2 + Math.random() * (longest / 2));
  }

  start() {
    this.connect();
    document.addEventListener("htmx:load", () => this.subscribe());
    document.addEventListener("tab:shown", (event) => {
      for (const element of [event.target, ...event.target.querySelectorAll("[data-stale]")]) {
        if (element.dataset.stale !== undefined) this.refetch(element);
      }
    });
    window.addEventListener("online", () => this.socket || this.connect());
    window.addEventListener("offline", () => this.show("offline"));
    document.addEventListener("visibilitychange", () => document.hidden || this.socket || this.connect());
  }
}

export function startLive(htmx) {
  const live = new Live(htmx);
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.triggeringEvent?.type === "live" && event.detail.path.startsWith("?")) {
      event.detail.path = location.pathname + location.search; // the filters as they are now, not as they were drawn
    }
  });
  if (document.getElementById("live")) live.start();
  return live;
}
