/* When the session has ended, the answer to a request is the sign-in page: go there, and come back here afterwards. */
export function startSession() {
  document.addEventListener("htmx:beforeSwap", (event) => {
    const login = document.querySelector('meta[name="login-url"]')?.content;
    const answered = event.detail.xhr.responseURL;
    if (!login || location.pathname === login || !answered || new URL(answered).pathname !== login) return;
    event.detail.shouldSwap = false;
    location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
  });
}
