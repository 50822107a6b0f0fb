/* Times in the reader's zone: <time data-when> stays relative and true, <time data-clock> shows the time of day. */

const STEPS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86400, 3600, "h"],
  [86400 * 60, 86400, "d"],
  [86400 * 730, 86400 * 30, "months"],
  [Infinity, 86400 * 365, "years"],
];
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

export function relative(moment, now) {
  const seconds = (now - moment) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 5) return "just now";
  const [, size, unit] = STEPS.find(([limit]) => distance < limit);
  const text = `${Math.floor(distance / size)}\u00a0${unit}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function refresh(root, now) {
  for (const time of root.querySelectorAll?.("time[data-when]") ?? []) {
    const moment = new Date(time.dateTime);
    const text = relative(moment, now);
    if (time.textContent !== text) time.textContent = text;
    if (!time.dataset.local) {
      time.title = absolute.format(moment);
      time.dataset.local = "yes";
    }
  }
}

export function localise(root) {
  for (const time of root.querySelectorAll?.("time[data-clock]") ?? []) {
    const moment = new Date(time.dateTime);
    time.textContent = clock.format(moment);
    time.title = absolute.format(moment);
    time.removeAttribute("data-clock");
  }
}

export function startTimes() {
  const all = (root) => {
    refresh(root, Date.now());
    localise(root);
  };
  all(document);
  document.addEventListener("htmx:load", (event) => all(event.detail.elt));
  setInterval(() => document.hidden || refresh(document, Date.now()), 5000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh(document, Date.now()));
}
