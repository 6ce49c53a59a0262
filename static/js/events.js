// The log: no poll for newer events while nobody looks, and an opened event is brought into view.
"use strict";
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.matches("[data-live]")) event.preventDefault();
});
document.addEventListener("htmx:afterSettle", (event) => {
  const { target } = event.detail;
  if (target?.matches(".panel")) target.closest("tr").scrollIntoView({ block: "nearest" });
});
