/* Puts what the server has made anew in the place of a part of the page, without taking it from
   under the hands of who is using it: a part that has the focus, or is just being pressed, waits
   until they have left it, and what they have typed or chosen in it is carried over. */
"use strict";
window.economy = (() => {
  const waiting = new Map();
  const touched = new WeakSet();
  let pressed = null;

  function isInUse(part) {
    return part.contains(document.activeElement) || (pressed !== null && part.contains(pressed));
  }

  function fields(part) {
    return part.querySelectorAll("input:not([type=hidden]), select, textarea");
  }

  /* The same field in what is new: forms of a page are told apart by where they are sent. */
  function key(field) {
    const form = field.form ? field.form.getAttribute("action") : "";
    const choice = field.type === "radio" || field.type === "checkbox" ? field.value : "";
    return JSON.stringify([form, field.name, choice]);
  }

  function isFilledIn(field) {
    const written = field.localName === "select" ? undefined : field.defaultValue;
    return touched.has(field) || (written !== undefined && field.value !== written);
  }

  function put(part, html) {
    const kept = new Map();
    for (const field of fields(part)) if (isFilledIn(field)) kept.set(key(field), field);
    part.innerHTML = html;
    for (const field of fields(part)) {
      const old = kept.get(key(field));
      if (old === undefined) continue;
      touched.add(field);
      if (field.type === "radio" || field.type === "checkbox") field.checked = old.checked;
      else if (field.localName !== "select" || [...field.options].some((each) => each.value === old.value)) {
        field.value = old.value;
      }
    }
  }

  function exchange(part, html) {
    if (isInUse(part)) waiting.set(part, html);
    else {
      waiting.delete(part);
      if (part.innerHTML !== html) put(part, html);
    }
  }

  /* The focus is nowhere while it goes from one field to the next, and a click follows its press. */
  function later() {
    if (waiting.size) setTimeout(() => [...waiting].forEach(([part, html]) => exchange(part, html)));
  }

  document.addEventListener("input", (event) => touched.add(event.target));
  document.addEventListener("change", (event) => touched.add(event.target));
  document.addEventListener("focusout", later);
  document.addEventListener("pointerdown", (event) => (pressed = event.target));
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => {
      pressed = null;
      later();
    });
  }

  return { exchange };
})();
