// The search of the top bar: a combo box whose results come while one types. `/` or Ctrl-K leads to it.
"use strict";
(() => {
  const input = document.querySelector("[data-search]");
  if (!input) return;
  const list = document.getElementById("global-results");
  const status = document.getElementById("global-status");
  const MOST_RECENT = 6;
  const recentKey = `recent ${input.dataset.owner}`;
  const options = () => [...list.querySelectorAll('[role="option"]')];
  let current = null; // the option that Enter takes

  // --- what was used last: of this person in this workspace, in this browser only, until one signs out ----------------
  function recent() {
    try {
      const kept = JSON.parse(localStorage.getItem(recentKey));
      return Array.isArray(kept) ? kept : [];
    } catch {
      return []; // no storage in this browser
    }
  }
  function remember(hit) {
    const kept = [hit, ...recent().filter((each) => each.url !== hit.url)].slice(0, MOST_RECENT);
    try {
      localStorage.setItem(recentKey, JSON.stringify(kept));
    } catch {
      // Without storage nothing is remembered.
    }
  }
  const here = document.querySelector("main [data-recent]");
  if (here) remember({ url: location.pathname, label: here.dataset.recent, note: here.dataset.recentNote || "" });
  document.querySelector("[data-sign-out]")?.addEventListener("submit", () => {
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith("recent ")) localStorage.removeItem(key);
      for (const key of Object.keys(sessionStorage)) if (key.startsWith("selection ")) sessionStorage.removeItem(key);
    } catch {
      // Without storage nothing is there to be forgotten.
    }
  });

  // --- the list box ---------------------------------------------------------------------------------------------------
  function choose(option) {
    current?.setAttribute("aria-selected", "false");
    current = option || null;
    current?.setAttribute("aria-selected", "true");
    current?.scrollIntoView({ block: "nearest" });
    if (current) input.setAttribute("aria-activedescendant", current.id);
    else input.removeAttribute("aria-activedescendant");
  }
  function open() {
    const shown = options().length > 0;
    list.hidden = !shown;
    input.setAttribute("aria-expanded", String(shown));
  }
  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(null);
  }
  function showRecent() {
    const used = recent();
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", "found-recent");
    const head = document.createElement("p");
    head.className = "search-group";
    head.id = "found-recent";
    head.textContent = list.dataset.recentTitle;
    group.append(head);
    for (const [at, hit] of used.entries()) {
      const option = document.createElement("div");
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.className = "search-hit";
      option.id = `found-recent-${at}`;
      option.dataset.url = hit.url;
      for (const [name, text] of [["search-label", hit.label], ["search-note", hit.note]]) {
        const part = document.createElement("span");
        part.className = name;
        part.textContent = text;
        option.append(part);
      }
      group.append(option);
    }
    list.replaceChildren(...(used.length ? [group] : []));
    choose(null);
    open();
  }
  function go(option, elsewhere) {
    const { url, lasting } = option.dataset;
    if (lasting !== undefined) remember({ url, label: option.querySelector(".search-label").textContent, note: option.querySelector(".search-note")?.textContent || "" });
    close();
    if (elsewhere) window.open(url, "_blank", "noopener");
    else location.assign(url);
  }
  const wanted = () => input.value.trim().replace(/\s+/g, " ");
  const answered = () => list.firstElementChild?.dataset.resultsFor === wanted();

  input.addEventListener("focus", () => (wanted() ? answered() && open() : showRecent()));
  input.addEventListener("input", () => {
    choose(null);
    if (!wanted()) showRecent();
  });
  list.addEventListener("htmx:afterSettle", () => {
    if (document.activeElement !== input || !answered()) return;
    open();
    choose(options()[0]);
    status.textContent = list.dataset.count.replace("{n}", String(options().length));
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    if (/^Arrow(Up|Down)$/.test(event.key) && all.length) {
      event.preventDefault();
      if (list.hidden) open();
      const at = all.indexOf(current) + (event.key === "ArrowDown" ? 1 : -1);
      choose(all[(at + all.length) % all.length] || all[0]);
    } else if (event.key === "Enter" && !list.hidden && current && (answered() || !wanted())) {
      // A text whose results are not there yet is sent: the server knows what a whole number means.
      event.preventDefault();
      go(current, event.ctrlKey || event.metaKey);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") close();
  });
  input.form.addEventListener("submit", (event) => wanted() || event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the input keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) go(option, event.ctrlKey || event.metaKey);
  });
  document.addEventListener("click", (event) => event.target.closest("[data-global-search]") || close());
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
})();
