/* Keeps a page live: events of its channel replace what is marked, without asking again and again.
   data-live="name": its content is what the event of that name holds (made by the server).
   data-refresh="name": after such an event this page is asked for anew, every ten seconds at most,
   and the parts with the same id are exchanged (exchange.js). Without script the page is as it was loaded. */
"use strict";
(() => {
  const address = document.body.dataset.stream;
  const names = new Set();
  for (const part of document.querySelectorAll("[data-live]")) names.add(part.dataset.live);
  for (const part of document.querySelectorAll("[data-refresh]")) names.add(part.dataset.refresh);
  if (!address || !names.size || !window.EventSource) return;

  const REFRESH_MS = 10000;
  const GIVE_UP_MS = 30000;
  let refreshing = null;

  function show(name, html) {
    for (const part of document.querySelectorAll(`[data-live="${name}"]`)) {
      economy.exchange(part, html);
    }
    if (document.querySelector(`[data-refresh="${name}"]`) && refreshing === null) {
      refreshing = setTimeout(refresh, REFRESH_MS * (0.5 + Math.random() / 2));
    }
  }

  async function refresh() {
    refreshing = null;
    if (document.hidden) {
      document.addEventListener("visibilitychange", refresh, { once: true });
      return;
    }
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-refresh][id]")) {
        const now = fresh.getElementById(part.id);
        if (now) economy.exchange(part, now.innerHTML);
      }
    } catch (_) {
      /* The next event tries again. */
    }
  }

  function open() {
    const stream = new EventSource(address);
    for (const name of names) stream.addEventListener(name, (event) => show(name, event.data));
    stream.addEventListener("error", () => {
      /* A lost connection comes back by itself; a refused one is asked for again later. */
      if (stream.readyState === EventSource.CLOSED) setTimeout(open, GIVE_UP_MS * (1 + Math.random()));
    });
    addEventListener("pagehide", () => stream.close(), { once: true });
  }

  open();
})();
