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
