// Forms: where the focus goes after a mistake, and what Enter means in a search for one of many.
"use strict";
(() => {
  const FIELDS = ":is(input:not([type=hidden]), select, textarea):not(:disabled)";
  const WRONG = `[aria-invalid="true"]${FIELDS}, .is-wrong ${FIELDS}`;

  // --- mistakes: the first wrong field has the focus, and the summary leads to each ----------------------------------
  function reveal(field) {
    const closed = field.closest("details:not([open])");
    if (closed) closed.open = true;
    field.focus();
  }
  // Puts the focus where something has to be mended, and tells whether there is such a place.
  window.focusMistake = (root) => {
    const fields = [...root.querySelectorAll(WRONG)].filter((field) => !field.closest(".filterbar"));
    const place = fields[0] || (root.querySelector("[autofocus]") ? null : root.querySelector("[data-errors]"));
    if (place) reveal(place);
    return Boolean(place);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-error-link]");
    if (!link) return;
    const named = document.getElementById(link.hash.slice(1));
    const field = named?.matches(FIELDS) ? named : (named?.closest(".field") || named)?.querySelector(FIELDS);
    if (!field) return;
    event.preventDefault();
    reveal(field);
    field.scrollIntoView({ block: "center" });
  });
  window.focusMistake(document.getElementById("main"));

  // --- pickers: Enter picks the one that was found, and never sends the form. A scanner presses it by itself ---------
  let asked = null; // the search that waits for its answer
  const choices = (picker) => [...picker.querySelectorAll('.sim-options input[type="radio"]')].filter((radio) => radio.value !== "0");
  function pick(search) {
    const found = choices(search.closest(".sim-picker"));
    if (found.length === 1) found[0].checked = true;
    if (found.length) (found.find((radio) => radio.checked) || found[0]).focus();
    if (found.length === 1) found[0].dispatchEvent(new Event("change", { bubbles: true }));
  }
  document.addEventListener("keydown", (event) => {
    const search = event.target;
    if (event.key !== "Enter" || !search.matches?.(".sim-picker input")) return;
    event.preventDefault();
    if (search.type === "radio") {
      search.checked = true;
      return;
    }
    if (!search.value.trim()) return;
    asked = search;
    window.htmx.trigger(search, "search");
  });
  document.addEventListener("input", (event) => event.target === asked && (asked = null));
  document.addEventListener("htmx:afterSettle", () => {
    if (!asked?.isConnected) return;
    const search = asked;
    asked = null;
    pick(search);
  });
})();
