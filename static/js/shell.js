// The shell: toasts, theme, menus, shortcuts, copying, times. Everything works in a plainer way without it.
"use strict";
(() => {
  const root = document.documentElement;
  const texts = document.getElementById("texts").dataset;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  // --- notes: what an action has done stays in the page; a toast says it where one looks. Errors stay until closed --
  const list = $("[data-toasts]");
  const region = document.getElementById("toasts");
  const messages = document.getElementById("messages");
  function note({ message, level = "info", requestId }) {
    const box = document.createElement("div");
    box.className = `toast toast--${level}`;
    const text = document.createElement("p");
    text.textContent = message;
    if (requestId) {
      const id = document.createElement("span");
      id.className = "toast-id";
      id.textContent = `${texts.request} ${requestId}`;
      text.append(id);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "toast-close";
    close.dataset.closeToast = "";
    close.setAttribute("aria-label", texts.close);
    close.textContent = "×";
    box.append(text, close);
    return box;
  }
  function toast(said) {
    const box = note(said);
    list.append(box);
    while (list.children.length > 4) list.firstElementChild.remove();
    // Above an open dialog only what is in the top layer can be seen.
    if ($("dialog[open]") && region.showPopover) {
      region.popover = "manual";
      region.hidePopover();
      region.showPopover();
    }
    const { level = "info" } = said;
    if (level === "info" || level === "good") setTimeout(() => !box.matches(":hover, :focus-within") && box.remove(), 6000);
  }
  document.addEventListener("toast", ({ detail }) => {
    toast(detail);
    if (detail.level === "good") messages.replaceChildren(note(detail));
  });
  document.addEventListener("click", (event) => event.target.closest("[data-close-toast]")?.closest(".toast").remove());

  function savePreference(values) {
    if (!texts.preferences) return;
    const token = $('meta[name="csrf-token"]').content;
    fetch(texts.preferences, {
      method: "POST",
      headers: { "X-CSRFToken": token, "HX-Request": "true" },
      body: new URLSearchParams(values),
      keepalive: true,
    }).catch(() => {});
  }

  // --- theme, time, shortcuts: shown at once, stored behind -------------------------------------------------------
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-form] button");
    if (!choice) return;
    event.preventDefault();
    root.dataset.theme = choice.value;
    for (const button of $$("[data-theme-form] button")) button.setAttribute("aria-pressed", String(button === choice));
    savePreference({ theme: choice.value });
  });
  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.matches("[data-time-display]")) showTime(target.value);
    if (target.matches("[data-density]")) {
      for (const table of $$(".table[data-rows]")) table.dataset.density = target.value;
      const name = target.form.elements.table;
      if (name) savePreference({ table: name.value, density: target.value });
    }
    if (target.matches("[data-shortcuts-switch]")) {
      if (target.checked) delete root.dataset.shortcuts;
      else root.dataset.shortcuts = "off";
      savePreference({ shortcuts: target.checked ? "on" : "off" });
    }
  });
  function showTime(display) {
    root.dataset.time = display;
    savePreference({ time_display: display });
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toggle-time]")) showTime(root.dataset.time === "absolute" ? "relative" : "absolute");
  });
  // Whoever chose no zone of their own sees times as their browser's clock does, also on a journey.
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if ("timezone" in root.dataset && timeZone && root.dataset.timezone !== timeZone) savePreference({ timezone: timeZone });

  // --- relative times grow older while the page stays open --------------------------------------------------------
  function age() {
    const now = Date.now();
    for (const time of $$("time[data-rel]")) {
      const seconds = (now - Date.parse(time.dateTime)) / 1000;
      if (seconds < 0 || seconds > 86400 * 59) continue;
      let span = "";
      if (seconds < 45) span = null;
      else if (seconds < 3600) span = `${Math.max(1, Math.round(seconds / 60))} ${texts.min}`;
      else if (seconds < 86400) span = `${Math.round(seconds / 3600)} ${texts.h}`;
      else {
        const days = Math.round(seconds / 86400);
        span = `${days} ${days === 1 ? texts.day : texts.days}`;
      }
      const shown = time.firstElementChild;
      const text = span === null ? texts.now : texts.ago.replace("{span}", span);
      if (shown && shown.textContent !== text) shown.textContent = text;
    }
  }
  setInterval(age, 30000);

  // --- copying ----------------------------------------------------------------------------------------------------
  async function copy(text, message, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      toast({ message: texts.copyFailed, level: "warn" });
      return;
    }
    if (button.classList.contains("copy")) {
      button.classList.add("is-done");
      setTimeout(() => button.classList.remove("is-done"), 1200);
    }
    toast({ message });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-copy-link], [data-copy-from]");
    if (!button) return;
    event.preventDefault();
    if ("copyLink" in button.dataset) copy(new URL(button.getAttribute("href") || "", location.href).href, texts.linkCopied, button);
    else if (button.dataset.copyFrom) copy(document.getElementById(button.dataset.copyFrom).textContent, texts.copied, button);
    else copy(button.dataset.copy, `${texts.copied}: ${button.dataset.copy}`.slice(0, 90), button);
  });

  // --- menus and panels: one open at a time, closed by Escape or a click elsewhere --------------------------------
  const OPENABLE = "details[data-menu][open], details[data-chip][open]";
  function closeMenus(except) {
    for (const menu of $$(OPENABLE)) if (menu !== except && !menu.contains(except)) menu.open = false;
  }
  document.addEventListener("click", (event) => {
    if (event.target.isConnected) closeMenus(event.target.closest("details[data-menu], details[data-chip]"));
  });
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches || !menu.open) return;
    if (menu.matches("[data-chip]")) {
      menu.removeAttribute("data-align");
      const panel = $(".chip-panel", menu);
      if (panel.getBoundingClientRect().right > innerWidth - 8) menu.dataset.align = "end";
      const first = $("[data-panel-first]", panel);
      if (first && !menu.matches(".chip--more")) first.focus();
    }
    if (menu.matches("[data-switcher]")) {
      const search = $("[data-switcher-search]", menu);
      search.focus();
      search.dispatchEvent(new CustomEvent("switcherOpen"));
    }
  }, true);
  // The switcher and long choices: arrows go through the entries.
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest(".switcher-panel, .chip-panel");
    if (!box || !/^Arrow(Up|Down)$/.test(event.key) || event.target.matches("textarea, [type=date], [type=radio]")) return;
    const stops = $$("a, input:not([type=hidden], [type=file])", box).filter((stop) => stop.offsetParent !== null);
    const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  // --- shortcuts --------------------------------------------------------------------------------------------------
  const help = document.getElementById("help");
  let goes = 0; // until when a letter after `g` counts, in ms
  document.addEventListener("click", (event) => event.target.closest("[data-open-help]") && help.showModal());

  function escape() {
    const open = $(OPENABLE);
    if (open) {
      open.open = false;
      const summary = $("summary", open);
      if (summary) summary.focus();
      return true;
    }
    return false;
  }
  function go(key) {
    const target = $(`[data-shortcut="${CSS.escape(key)}"]`);
    if (target) target.click();
    return Boolean(target);
  }
  const typing = (element) => element.isContentEditable || (element.matches("input, textarea, select") && !element.matches("[type=checkbox], [type=radio], [type=button]"));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape") {
      if (!$("dialog[open]") && escape()) event.preventDefault();
      else if (typing(event.target) && !event.target.closest("dialog")) event.target.blur();
      return;
    }
    if (root.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    const { key } = event;
    let done = true;
    if (goes > Date.now() && key.length === 1) done = go(key.toLowerCase());
    else if (key === "g") {
      goes = Date.now() + 1500;
      return;
    } else if (key === "/") ($("[data-search]") || $("[data-staff-search]") || $("[data-list-search]"))?.focus();
    else if (key === "f" && $("[data-list-search]")) $("[data-list-search]").focus();
    else if (key === "?") help.showModal();
    else {
      const target = /^[a-z[\]]$/i.test(key) && $(`[data-key="${CSS.escape(key)}"]`);
      if (target) target.click();
      done = Boolean(target);
    }
    goes = 0;
    if (done) event.preventDefault();
  });

  // The tab of this page is in sight, however many stand before it.
  for (const tab of $$(".tabs [aria-current]")) {
    const bar = tab.closest(".tabs");
    bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }

  // What a printed page says about itself.
  document.addEventListener("click", (event) => event.target.closest("[data-print]") && print());
  addEventListener("beforeprint", () => {
    const page = document.getElementById("main");
    page.dataset.printed = `${location.href}\n${new Date().toISOString()}`;
  });
})();
