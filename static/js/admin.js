// Lists of the admin site: choosing an object in a filter applies it at once.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  document.documentElement.dataset.adminScript = "on";
  if (!window.django?.jQuery) return; // nothing is chosen by searching on this page
  // Select2 tells its choices to jQuery only.
  window.django.jQuery(document).on("change", "[data-related-filter] select", ({ target }) => {
    const { form } = target;
    target.disabled = !target.value; // an empty parameter has no place in the address
    form.submit();
  });
  // Select2 names its box after the choice alone, which is empty until something is chosen. Its own start comes first.
  window.django.jQuery(() => {
    for (const select of document.querySelectorAll("[data-related-filter] select, select.admin-autocomplete")) {
      const box = select.nextElementSibling?.querySelector(".select2-selection__rendered");
      if (box && select.labels.length) box.setAttribute("aria-label", select.labels[0].textContent.trim());
    }
  });
});
