// Lists: moving through rows, opening them in place, selecting them, and the panels of filters.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const rows = () => $$("[data-rows] tr[data-row]");
  const boxes = () => $$("input[data-select]");
  let anchor = null; // the checkbox clicked last, where a range begins
  let chip = null; // id of the filter chip whose panel was applied

  // --- selection --------------------------------------------------------------------------------------------------
  function showSelection() {
    const bar = $("[data-bulk-bar]");
    if (!bar) return;
    const all = boxes();
    const ticked = all.filter((box) => box.checked);
    for (const box of all) box.closest("tr").classList.toggle("is-selected", box.checked);
    const whole = all.length > 0 && ticked.length === all.length;
    const page = $("[data-select-page]");
    if (page) {
      page.checked = whole;
      page.indeterminate = ticked.length > 0 && !whole;
    }
    const form = $("[data-bulk-form]", bar);
    if (!whole) form.elements.scope.value = "ids";
    const matching = form.elements.scope.value === "filter";
    const count = $("[data-bulk-count]", bar);
    const more = count.dataset.all.replace(/[^\d+]/g, "") !== String(all.length);
    count.textContent = matching ? count.dataset.all : ticked.length.toLocaleString(document.documentElement.lang);
    bar.hidden = ticked.length === 0;
    const banner = $("[data-select-banner]");
    if (banner) {
      banner.hidden = !whole || !more;
      $("[data-select-page-text]", banner).hidden = matching;
      $("[data-select-matching]", banner).hidden = matching;
      $("[data-select-matching-text]", banner).hidden = !matching;
    }
  }
  function tick(box, range) {
    const all = boxes();
    if (range && anchor && all.includes(anchor)) {
      const [from, to] = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b);
      for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    }
    anchor = box;
    showSelection();
  }
  function selectNone() {
    const form = $("[data-bulk-form]");
    if (form) form.elements.scope.value = "ids";
    for (const box of boxes()) box.checked = false;
    anchor = null;
    showSelection();
  }

  // --- rows -------------------------------------------------------------------------------------------------------
  const panelOf = (row) => (row.nextElementSibling?.matches(".panel-row") ? row.nextElementSibling : null);

  function closePanel(row, focus) {
    const panel = panelOf(row);
    if (!panel) return false;
    panel.remove();
    row.classList.remove("is-open");
    row.querySelector(".row-link").setAttribute("aria-expanded", "false");
    if (focus) row.querySelector(".row-link").focus();
    return true;
  }
  function openPanel(row) {
    for (const open of $$("tr.is-open")) if (open !== row) closePanel(open);
    if (closePanel(row, true)) return;
    const link = row.querySelector(".row-link");
    const panel = document.createElement("tr");
    panel.className = "panel-row";
    const cell = panel.insertCell();
    cell.colSpan = row.cells.length;
    const box = document.createElement("div");
    box.className = "panel";
    box.id = `panel-${row.dataset.id}`;
    box.setAttribute("aria-live", "polite");
    cell.append(box);
    row.after(panel);
    row.classList.add("is-open");
    link.setAttribute("aria-expanded", "true");
    link.setAttribute("aria-controls", box.id);
    window.htmx.ajax("GET", row.dataset.expand, { target: box, swap: "innerHTML" });
  }
  function follow(row, event) {
    const link = row.querySelector(".row-link");
    if (!link) return;
    if (event.ctrlKey || event.metaKey || event.button === 1) window.open(link.href, "_blank", "noopener");
    else if (row.dataset.expand) openPanel(row);
    else link.click();
  }
  function move(step) {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(document.activeElement.closest("tr[data-row]"));
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    next.querySelector(".row-link").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.matches("input[data-select]")) return tick(target, event.shiftKey);
    if (target.matches("[data-select-page]")) {
      for (const box of boxes()) box.checked = target.checked;
      return showSelection();
    }
    if (target.closest("[data-select-none]")) return selectNone();
    if (target.closest("[data-select-matching]")) {
      $("[data-bulk-form]").elements.scope.value = "filter";
      return showSelection();
    }
    const row = target.closest("tr[data-row]");
    if (!row || event.defaultPrevented) return;
    const link = target.closest(".row-link");
    if (link && row.dataset.expand && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      openPanel(row);
    } else if (!target.closest("a, button, input, label, summary, .col-select") && !String(getSelection())) follow(row, event);
  });
  // Shift with the mouse marks text; in the column of checkboxes it means a range.
  document.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest("[data-rows] .col-select")) event.preventDefault();
  });
  document.addEventListener("auxclick", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row && event.button === 1 && !event.target.closest("a")) follow(row, event);
  });

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const { target, key } = event;
    const inRow = target.closest?.("tr[data-row], .panel-row");
    if (key === "Escape") {
      const open = $("tr.is-open");
      if (open && closePanel(open, true)) event.preventDefault();
      else if (!target.matches("input:not([type=checkbox]), textarea") && boxes().some((box) => box.checked)) {
        selectNone();
        event.preventDefault();
      }
      return;
    }
    const free = target === document.body || target.matches("main, .table-frame, .row-link, [data-select]");
    if (!free) return;
    const letters = document.documentElement.dataset.shortcuts !== "off";
    let done = false;
    if (key === "ArrowDown" || (letters && key === "j")) done = (inRow || key === "j" || target.matches(".table-frame")) && move(1);
    else if (key === "ArrowUp" || (letters && key === "k")) done = (inRow || key === "k" || target.matches(".table-frame")) && move(-1);
    else if (letters && key.toLowerCase() === "x" && inRow) {
      const box = inRow.querySelector("input[data-select]");
      if (box) {
        box.checked = !box.checked;
        tick(box, event.shiftKey);
        done = true;
      }
    }
    if (done) event.preventDefault();
  });

  // --- filter panels ----------------------------------------------------------------------------------------------
  document.addEventListener("input", (event) => {
    const { target } = event;
    if (target.matches("[data-choice-search]")) {
      const wanted = target.value.trim().toLowerCase();
      for (const choice of $$(".choice", target.parentElement)) choice.hidden = !choice.textContent.toLowerCase().includes(wanted);
    }
    const panel = target.closest(".chip-panel");
    if (panel && target.matches("[data-date-part]")) for (const radio of $$("[type=radio]", panel)) radio.checked = false;
    if (panel && target.matches("[type=radio]")) for (const part of $$("[data-date-part]", panel)) part.value = "";
  });
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.matches(".panel-file input") && target.files.length) target.previousElementSibling.textContent = target.files[0].name;
  });
  // A search inside a panel narrows its choices; it does not send the form.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-choice-search]")) event.preventDefault();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches(".chip-panel textarea")) {
      event.preventDefault();
      event.target.parentElement.querySelector("[data-panel-apply]").click();
    }
  });

  // --- after a list came anew -------------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (event) => {
    const from = document.activeElement?.closest(".chip-box");
    chip = from && event.detail.elt.closest(".filterbar") ? from.querySelector("summary")?.id : null;
  });
  function measure() {
    for (const frame of $$("[data-frame]")) {
      frame.style.setProperty("--frame-width", `${frame.clientWidth}px`);
      frame.toggleAttribute("data-scrolled", frame.scrollLeft > 0);
    }
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    measure();
    if (event.detail.elt?.id !== "list") return;
    anchor = null;
    showSelection();
    if (chip && document.activeElement === document.body) (document.getElementById(chip) || document.getElementById("chip-more"))?.focus();
    chip = null;
  });
  document.addEventListener("scroll", (event) => event.target.matches?.("[data-frame]") && measure(), true);
  addEventListener("resize", measure);

  // The table scrolls in its own frame, which the browser does not put back by itself when one returns.
  addEventListener("pagehide", () => {
    const frame = $("[data-frame]");
    if (frame) history.replaceState({ ...history.state, frame: [frame.scrollTop, frame.scrollLeft] }, "");
  });
  const kept = history.state?.frame;
  if (kept && $("[data-frame]")) [$("[data-frame]").scrollTop, $("[data-frame]").scrollLeft] = kept;
  addEventListener("pageshow", showSelection);
  showSelection();
  measure();
})();
