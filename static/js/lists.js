// Lists: moving through rows, opening them in place, and the panels of filters.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const rows = () => $$("[data-rows] tr[data-row]");
  let chip = null; // id of the filter chip whose panel was applied
  let last = ""; // id of the row where the reader was

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
    box.setAttribute("aria-busy", "true");
    const waiting = document.createElement("div");
    waiting.className = "skeleton";
    waiting.dataset.lines = "4";
    box.append(waiting);
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
    const from = document.activeElement.closest("tr[data-row], .panel-row");
    const at = all.indexOf(from?.matches(".panel-row") ? from.previousElementSibling : from);
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    next.querySelector(".row-link").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
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

  // --- keys: wherever the focus is but in a field, a menu or a dialog -----------------------------------------------
  const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  const ELSEWHERE = "details[open]:not(.panel-row *), .sidebar, .topbar, dialog";

  // Lets others answer a key, and tells whether somebody did.
  const told = (key) => !document.dispatchEvent(new CustomEvent("listKey", { cancelable: true, detail: { key } }));
  function tickRow(row, shiftKey) {
    const box = row && $("input[data-select]", row);
    if (box) box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));
    return Boolean(box);
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const { target, key } = event;
    if (key === "Escape") {
      const open = $("tr.is-open");
      if ((open && closePanel(open, true)) || (!target.matches(FIELDS) && told(key))) event.preventDefault();
      return;
    }
    if (target.matches(FIELDS) || target.closest(ELSEWHERE)) return;
    const inRow = target.closest("tr[data-row], .panel-row");
    const letters = document.documentElement.dataset.shortcuts !== "off";
    const arrows = Boolean(inRow) || target.matches(".table-frame");
    let done = false;
    if ((arrows && key === "ArrowDown") || (letters && key === "j")) done = move(1);
    else if ((arrows && key === "ArrowUp") || (letters && key === "k")) done = move(-1);
    else if (letters && key.toLowerCase() === "x") done = tickRow(inRow, event.shiftKey);
    else if (letters && ["a", "A", "b"].includes(key)) done = told(key);
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

  // --- while a list comes, and after it came anew -----------------------------------------------------------------
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row) last = row.dataset.id;
  });
  // Where the work goes on: in the row where one was, else in the table.
  function refocus() {
    const row = last && document.querySelector(`tr[data-row][data-id="${CSS.escape(last)}"] .row-link`);
    (row || $("[data-frame]") || document.getElementById("main")).focus({ preventScroll: true });
  }
  document.addEventListener("listFocus", refocus);
  let within = false; // whether the focus was in the list that is replaced
  document.addEventListener("htmx:beforeRequest", (event) => {
    const from = document.activeElement?.closest(".chip-box");
    chip = from && event.detail.elt.closest(".filterbar") ? from.querySelector("summary")?.id : null;
    if (event.detail.target?.id === "list") event.detail.target.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.target?.matches(".panel[aria-busy]")) {
      detail.target.removeAttribute("aria-busy");
      if (!detail.successful) closePanel(detail.target.closest("tr").previousElementSibling, true);
    }
    if (!$("#list.htmx-request, .htmx-request[hx-target='#list']")) $("#list")?.removeAttribute("aria-busy");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = event.detail;
    within = target?.id === "list" && (target.contains(document.activeElement) || document.activeElement === document.body);
  });
  function measure() {
    for (const frame of $$(".table-frame")) {
      frame.style.setProperty("--frame-width", `${frame.clientWidth}px`);
      frame.toggleAttribute("data-scrolled", frame.scrollLeft > 0);
      frame.toggleAttribute("data-more", frame.scrollLeft + frame.clientWidth < frame.scrollWidth - 1);
    }
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    measure();
    if (event.detail.elt?.id !== "list") return;
    if (document.activeElement === document.body) {
      if (chip) (document.getElementById(chip) || document.getElementById("chip-more"))?.focus();
      else if (within) refocus();
    }
    chip = null;
  });
  document.addEventListener("scroll", (event) => event.target.matches?.(".table-frame") && measure(), true);
  addEventListener("resize", measure);

  // The table scrolls in its own frame, which the browser does not put back by itself when one returns.
  addEventListener("pagehide", () => {
    const frame = $("[data-frame]");
    if (frame) history.replaceState({ ...history.state, frame: [frame.scrollTop, frame.scrollLeft] }, "");
  });
  const kept = history.state?.frame;
  if (kept && $("[data-frame]")) [$("[data-frame]").scrollTop, $("[data-frame]").scrollLeft] = kept;
  measure();
})();
