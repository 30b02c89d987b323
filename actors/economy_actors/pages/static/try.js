/* While somebody types what they try, the server is asked how it would look, and its answer is put
   in the place of the last one. Without script the button does the same. */
"use strict";
(() => {
  const WAIT_MS = 500;

  async function ask(form, place) {
    const address = new URL(form.action);
    address.hash = "";
    address.search = new URLSearchParams(new FormData(form)).toString();
    const asked = address.search;
    form.dataset.asked = asked;
    try {
      const answer = await fetch(address, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = fresh.getElementById(place.id);
      /* What was typed meanwhile has a question of its own. */
      if (now && form.dataset.asked === asked) economy.exchange(place, now.innerHTML);
    } catch (_) {
      /* The button still works. */
    }
  }

  for (const form of document.querySelectorAll("form[data-try]")) {
    const place = document.getElementById(form.dataset.try);
    const typed = form.querySelector("input");
    let waiting = null;
    const soon = () => {
      clearTimeout(waiting);
      /* What stands there buys what was typed before, and nobody means that any more. */
      delete form.dataset.asked;
      for (const button of place.querySelectorAll("button")) button.disabled = true;
      waiting = setTimeout(() => typed.value.trim() && ask(form, place), WAIT_MS);
    };
    typed.addEventListener("input", soon);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(waiting);
      if (typed.value.trim()) ask(form, place);
    });
    if (typed.dataset.picker) {
      const picker = document.createElement("input");
      picker.type = "color";
      picker.setAttribute("aria-label", typed.dataset.picker);
      const follow = () => {
        if (/^#?[0-9a-f]{6}$/i.test(typed.value)) picker.value = `#${typed.value.replace("#", "").toLowerCase()}`;
      };
      picker.addEventListener("input", () => {
        typed.value = picker.value.toUpperCase();
        soon();
      });
      typed.addEventListener("input", follow);
      follow();
      typed.after(picker);
    }
  }
})();
