/* While a replay is under way, looks every two seconds whether it has ended, and shows what it has
   found in place. Without script the page loads itself anew. */
"use strict";
(() => {
  const part = document.getElementById("what-if");
  if (!part || part.dataset.running === undefined) return;

  async function look() {
    try {
      const answer = await fetch(location.pathname.replace(/\/start$/, ""), { headers: { accept: "text/html" } });
      if (answer.ok && !answer.redirected) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = fresh.getElementById("what-if");
        if (now && now.dataset.running === undefined) {
          const hadFocus = part.contains(document.activeElement);
          part.innerHTML = now.innerHTML;
          delete part.dataset.running;
          if (hadFocus) {
            /* The button that was there is gone; Tab goes on from what was found. */
            part.tabIndex = -1;
            part.focus();
          }
          for (const button of document.querySelectorAll("form button[disabled]")) button.disabled = false;
          return;
        }
      }
    } catch (_) {
      /* The next look may succeed. */
    }
    setTimeout(look, 2000);
  }

  setTimeout(look, 2000);
})();
