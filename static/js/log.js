/*
 * Follows a run's log: [data-log] with data-log-url and data-live="run:…". On a hint it fetches ?after=<last number> and
 * appends the rows it gets, in order and once each, until an answer is empty. The view follows unless scrolled up.
 */
import { localise } from "./times.js";

const MOST_ROWS = 5000;
const REST_MS = 50;
const SAFETY_MS = 15000;
const LEVELS = { debug: 0, info: 1, warn: 2, warning: 2, error: 3, critical: 3 };

class Log {
  constructor(root) {
    this.root = root;
    this.url = root.dataset.logUrl;
    this.rows = root.querySelector("[data-log-rows]");
    this.last = 0;
    this.dropped = 0;
    this.following = true;
    this.busy = false;
    this.again = false;
    this.steps = new Set([...(root.querySelector("[data-log-step]")?.options ?? [])].map((option) => option.value));
    this.filter = { search: "", step: "", level: 0 };
    this.jump = this.makeJump();
  }

  start() {
    this.adopt(this.rows);
    this.rows.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.root.addEventListener("input", () => this.filterChanged());
    this.filterChanged();
    this.follow();
    this.fetch();
    this.safety = setInterval(() => (this.root.isConnected ? document.hidden || this.fetch() : clearInterval(this.safety)), SAFETY_MS);
  }

  makeJump() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-small log-jump";
    button.textContent = "Follow";
    button.hidden = true;
    button.addEventListener("click", () => {
      this.following = true;
      this.follow();
    });
    this.rows.append(button);
    return button;
  }

  scrolled() {
    this.following = this.rows.scrollHeight - this.rows.scrollTop - this.rows.clientHeight < 24;
    this.count();
  }

  follow() {
    if (this.following) this.rows.scrollTop = this.rows.scrollHeight;
    this.count();
  }

  async fetch() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        while (await this.fetchOnce()) await new Promise((resume) => setTimeout(resume, REST_MS));
      } while (this.again);
    } catch {
      /* the next hint, or the safety timer, asks again */
    } finally {
      this.busy = false;
    }
  }

  /* True if there was anything new, so that there may be more. */
  async fetchOnce() {
    const url = new URL(this.url, location.href);
    if (url.origin !== location.origin) return false;
    url.searchParams.set("after", this.last);
    const answer = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return false;
    const sheet = document.createElement("template");
    sheet.innerHTML = await answer.text(); // drawn and escaped by our own server
    const before = this.last;
    this.adopt(sheet.content);
    if (this.last === before) return false;
    this.rows.insertBefore(sheet.content, this.jump);
    this.trim();
    this.follow();
    return true;
  }

  /* Takes numbers, steps and filters into account; throws out what was seen already. */
  adopt(part) {
    localise(part);
    for (const row of [...part.querySelectorAll(".log-row")]) {
      const number = Number(row.dataset.seq);
      if (number <= this.last) {
        row.remove();
        continue;
      }
      this.last = number;
      this.learn(row.dataset.step);
      row.hidden = !this.passes(row);
    }
  }

  learn(step) {
    const choice = this.root.querySelector("[data-log-step]");
    if (!step || !choice || this.steps.has(step)) return;
    this.steps.add(step);
    choice.add(new Option(step, step));
  }

  trim() {
    const rows = this.rows.getElementsByClassName("log-row");
    const many = rows.length - MOST_ROWS;
    for (let i = 0; i < many; i += 1) rows[0].remove();
    if (many > 0) this.dropped += many;
  }

  passes(row) {
    const { search, step, level } = this.filter;
    if ((LEVELS[row.dataset.level] ?? 1) < level) return false;
    if (step && row.dataset.step !== step) return false;
    return !search || row.textContent.toLowerCase().includes(search);
  }

  filterChanged() {
    const value = (name) => this.root.querySelector(`[data-log-${name}]`)?.value ?? "";
    this.filter = { search: value("search").trim().toLowerCase(), step: value("step"), level: Number(value("level")) };
    for (const row of this.rows.getElementsByClassName("log-row")) row.hidden = !this.passes(row);
    this.follow();
  }

  count() {
    this.jump.hidden = this.following;
    const words = this.root.querySelector("[data-log-count]");
    if (!words) return;
    const rows = this.rows.getElementsByClassName("log-row").length;
    const text = [
      rows === 1 ? "1 line" : `${rows.toLocaleString("en")} lines`,
      this.dropped ? `${this.dropped.toLocaleString("en")} earlier ones not shown` : "",
      this.following ? "following" : "paused",
    ];
    words.textContent = text.filter(Boolean).join(" · ");
  }
}

export function startLogs(live) {
  const logs = new Map();
  const find = (root) => {
    const found = [...(root.querySelectorAll?.("[data-log]") ?? [])];
    if (root.matches?.("[data-log]")) found.push(root);
    for (const element of found) {
      if (logs.has(element)) continue;
      const log = new Log(element);
      logs.set(element, log);
      log.start();
    }
  };
  find(document);
  document.addEventListener("htmx:load", (event) => find(event.detail.elt));
  live.onHint((topics) => {
    for (const [element, log] of logs) {
      if (!element.isConnected) logs.delete(element);
      else if ((element.dataset.live ?? "").split(/\s+/).some((topic) => topics.has(topic))) log.fetch();
    }
  });
}
