// Selected rows of a list. They are kept for this tab: whoever sorts, searches, turns pages, leaves and comes back
// finds them again, and an action posts exactly these.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const boxes = () => $$("input[data-select]");
  const barOf = () => $("[data-bulk-bar]");
  const form = () => $("[data-bulk-form]");
  const here = () => $("#list").getAttribute("hx-get");
  const say = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);
  const number = (n) => n.toLocaleString(document.documentElement.lang);

  // ids: where each was ticked, as an index into pages. all: the filter whose every match is selected.
  const nothing = () => ({ ids: {}, pages: [], all: null });
  let now = nothing();
  let owner = ""; // of `now`
  let anchor = null; // id of the row ticked last, where a range begins
  let narrowed = false; // whether one row was taken out of all that match

  const ownerOf = (bar) => `selection ${bar.dataset.bulkBar} ${location.pathname}`;
  function load() {
    const bar = barOf();
    if (!bar || owner === ownerOf(bar)) return;
    owner = ownerOf(bar);
    try {
      now = JSON.parse(sessionStorage.getItem(owner)) || nothing();
    } catch {
      now = nothing(); // no storage in this browser: the selection lasts as long as the page
    }
  }
  function keep() {
    try {
      if (now.all || Object.keys(now.ids).length) sessionStorage.setItem(owner, JSON.stringify(now));
      else sessionStorage.removeItem(owner);
    } catch {
      // As above: what is selected stays in this page.
    }
  }
  const filter = () => form().elements.filter.value;
  const matching = () => now.all && now.all.filter === filter();
  const holds = (id) => (now.all ? now.all.filter === filter() : id in now.ids);

  function set(ids, on) {
    if (now.all) {
      // A row taken out of all that match leaves the rows of this page; the line above the table says so.
      narrowed = Boolean(matching());
      now = nothing();
      if (narrowed) for (const box of boxes()) put(box.value, true);
    }
    for (const id of ids) put(id, on);
    keep();
  }
  function put(id, on) {
    if (!on) {
      delete now.ids[id];
      return;
    }
    if (id in now.ids) return;
    if (!now.pages.includes(here())) now.pages.push(here());
    now.ids[id] = now.pages.indexOf(here());
  }

  // --- what one sees ----------------------------------------------------------------------------------------------
  function show() {
    const bar = barOf();
    if (!bar) return;
    load();
    const all = boxes();
    for (const box of all) {
      box.checked = Boolean(holds(box.value));
      box.closest("tr").classList.toggle("is-selected", box.checked);
    }
    const ticked = all.filter((box) => box.checked);
    const whole = all.length > 0 && ticked.length === all.length;
    const page = $("[data-select-page]");
    if (page) {
      page.checked = whole;
      page.indeterminate = ticked.length > 0 && !whole;
    }
    const ids = Object.keys(now.ids);
    const { elements } = form();
    elements.scope.value = now.all ? "filter" : "ids";
    const pages = new Set(Object.values(now.ids)).size;
    const words = bar.dataset;
    $("[data-bulk-count]", bar).textContent = now.all ? now.all.text : number(ids.length);
    $("[data-bulk-where]", bar).textContent = now.all
      ? matching() ? words.selected : words.earlier
      : pages > 1 ? say(words.pages, { pages: number(pages) }) : words.selected;
    $("[data-show-selected]", bar).hidden = now.all ? Boolean(matching()) : ids.length === ticked.length;
    bar.hidden = !now.all && !ids.length;
    const banner = $("[data-select-banner]");
    const more = bar.dataset.all.replace(/[^\d+]/g, "") !== String(all.length);
    banner.hidden = !narrowed && (!whole || !more);
    $("[data-select-page-text]", banner).hidden = Boolean(matching()) || narrowed;
    $("[data-select-narrowed]", banner).hidden = !narrowed;
    $("[data-select-matching]", banner).hidden = Boolean(matching());
    $("[data-select-matching-text]", banner).hidden = !matching();
  }
  function none() {
    now = nothing();
    narrowed = false;
    anchor = null;
    keep();
    show();
  }
  function toBar() {
    const bar = barOf();
    if (bar && !bar.hidden) $("button", bar).focus();
    return Boolean(bar && !bar.hidden);
  }
  function selectMatching() {
    if (!boxes().length) return false;
    now = { ...nothing(), all: { filter: filter(), seen: form().elements.seen.value, text: barOf().dataset.all } };
    narrowed = false;
    keep();
    show();
    return toBar();
  }
  function showSelected() {
    const path = location.pathname;
    if (now.all) location.assign(now.all.filter ? `${path}?${now.all.filter}` : path);
    else window.htmx.ajax("POST", path, { target: "#list", swap: "outerHTML", values: { id: Object.keys(now.ids).join(",") } });
  }

  // --- ticking ----------------------------------------------------------------------------------------------------
  function tick(box, range) {
    const all = boxes();
    const from = range ? all.findIndex((each) => each.value === anchor) : -1;
    const to = all.indexOf(box);
    narrowed = false;
    const part = from < 0 ? [box] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
    set(part.map((each) => each.value), box.checked);
    anchor = box.value;
    show();
  }
  function tickPage(on) {
    narrowed = false;
    if (now.all && !on) return none();
    set(boxes().map((box) => box.value), on);
    show();
  }
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.matches("input[data-select]")) tick(target, event.shiftKey);
    else if (target.matches("[data-select-page]")) tickPage(target.checked);
    else if (target.closest("[data-select-none]")) {
      none();
      document.dispatchEvent(new CustomEvent("listFocus"));
    } else if (target.closest("[data-select-matching]")) selectMatching();
    else if (target.closest("[data-show-selected]")) showSelected();
  });

  // --- keys: a the page, Shift+A all that match, b to the actions, Escape none --------------------------------------
  document.addEventListener("listKey", (event) => {
    const bar = barOf();
    if (!bar) return;
    const { key } = event.detail;
    let done = false;
    if (key === "A") done = selectMatching();
    else if (key === "a" && boxes().length) {
      tickPage(!$("[data-select-page]").checked);
      done = true;
    } else if (key === "b") done = toBar();
    else if (key === "Escape" && !bar.hidden) {
      const within = bar.contains(document.activeElement);
      none();
      if (within) document.dispatchEvent(new CustomEvent("listFocus"));
      done = true;
    }
    if (done) event.preventDefault();
  });

  // --- what is posted: these ids, or the filter and the number that was shown when all that match were selected ----
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, formData } = event.detail;
    if (!elt.closest?.("[data-bulk-bar]")) return;
    formData.delete("ids");
    if (now.all) {
      formData.set("filter", now.all.filter);
      formData.set("seen", now.all.seen);
    } else for (const id of Object.keys(now.ids)) formData.append("ids", id);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    // The result of an action has come: what was selected is done.
    if (event.detail.target.id === "dialog-body" && $("[data-bulk-result], .job", event.detail.target)) none();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt?.id !== "list") return;
    narrowed = false;
    show();
  });
  addEventListener("pageshow", () => {
    owner = "";
    show();
  });
  show();
})();
