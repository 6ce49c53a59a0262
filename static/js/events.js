// The log: no poll for newer events while nobody looks, and an opened event is brought into view.
"use strict";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches("[data-live]")) event.preventDefault();
});
document.addEventListener("htmx:afterSettle", (event) => {
  const { target } = event.detail;
  if (!target?.matches(".panel")) return;
  const panel = target.closest("tr");
  panel.scrollIntoView({ block: "nearest" });
  // A panel taller than the table does not push its own row out of sight.
  panel.previousElementSibling.scrollIntoView({ block: "nearest" });
});

// What one request did is one line: a click or Enter shows its rows below it, and hides them again.
document.addEventListener(
  "click",
  (event) => {
    const { target } = event;
    const row = target.closest("tr[data-unfold]");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
    if ((target.closest("a, button, input") && !target.closest(".row-link")) || String(getSelection())) return;
    event.preventDefault();
    event.stopPropagation();
    const link = row.querySelector(".row-link");
    const open = link.getAttribute("aria-expanded") === "true";
    link.setAttribute("aria-expanded", String(!open));
    row.classList.toggle("is-open-fold", !open);
    if (!open) {
      window.htmx.ajax("GET", row.dataset.unfold, { target: row, swap: "afterend" });
      return;
    }
    for (let next = row.nextElementSibling; next?.matches("tr.is-unfolded, tr.panel-row"); next = row.nextElementSibling) next.remove();
  },
  true,
);
