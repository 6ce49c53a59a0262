// What htmx requests need: the CSRF token, clean addresses, errors that a person can read, dialogs, offline.
"use strict";
(() => {
  const texts = () => document.getElementById("texts").dataset;
  const MAX_QUERY = 1500; // characters; longer filters are posted and come back as a short address

  document.addEventListener("htmx:configRequest", (event) => {
    const { detail } = event;
    if (detail.verb !== "get") {
      detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
      return;
    }
    const data = detail.formData;
    data.delete("csrfmiddlewaretoken");
    for (const name of [...new Set(data.keys())]) {
      const filled = data.getAll(name).filter((value) => typeof value !== "string" || value.trim() !== "");
      data.delete(name);
      for (const value of filled) if (!(value instanceof File)) data.append(name, value);
    }
    if (detail.elt.id === "list-filters" && new URLSearchParams(data).toString().length > MAX_QUERY) {
      detail.verb = "post";
      detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
    }
  });

  function toast(message, level, requestId) {
    document.dispatchEvent(new CustomEvent("toast", { detail: { message, level, requestId } }));
  }

  function failed(event) {
    const { xhr } = event.detail;
    const type = xhr.getResponseHeader("Content-Type") || "";
    const said = type.startsWith("text/plain") ? xhr.responseText.trim().slice(0, 400) : "";
    const words = texts();
    const known = words[`e${xhr.status}`] || (xhr.status >= 500 ? words.e500 : words.e400);
    toast(said || known, xhr.status >= 500 ? "bad" : "warn", xhr.getResponseHeader("X-Request-ID"));
  }
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", () => toast(texts().e0, "bad"));
  document.addEventListener("htmx:timeout", () => toast(texts().e0, "bad"));
  document.addEventListener("htmx:swapError", () => toast(texts().e500, "bad"));

  // --- dialogs: whatever lands in #dialog-body opens it -----------------------------------------------------------
  const dialog = document.getElementById("dialog");
  const body = document.getElementById("dialog-body");
  let refresh = false;

  document.addEventListener("htmx:afterSwap", (event) => {
    if (body && event.detail.target === body && !body.firstElementChild) dialog.close();
  });
  // Not before htmx has made its forms work: Enter may come at once.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!body?.firstElementChild || event.detail.target !== body) return;
    if (!dialog.open) dialog.showModal();
    if (body.querySelector("[data-refresh-list]")) refresh = true;
    if (window.focusMistake(body)) return;
    const first = body.querySelector("[autofocus], .dialog-main :is(input:not([type=hidden]), select, textarea)");
    (first || body.querySelector("#dialog-title") || dialog).focus();
  });
  document.addEventListener("dialogClose", () => dialog && dialog.close());
  if (dialog) {
    dialog.addEventListener("close", () => {
      body.replaceChildren();
      if (refresh) document.body.dispatchEvent(new CustomEvent("listChanged"));
      refresh = false;
    });
    // A progress bar lives in the dialog: while a request is under way a click beside it must not lose the result.
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && !body.querySelector("form, [data-refresh-list], .job")) dialog.close();
    });
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog").close();
  });
  // While "Do it later" is open a moment is needed, also by Enter; whoever closes it wants it at once, and no moment stays behind.
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches(".later")) return;
    for (const input of target.querySelectorAll("input")) {
      input.required = target.open;
      if (!target.open) input.value = "";
    }
  }, true);
  // 1,030 and 1030 are the same number, as they are for the server.
  const plainly = (text) => text.trim().replace(/\s+/g, " ").replace(/(?<=\d)[,.\u2019' \u2009\u00a0\u202f](?=\d)/g, "");
  function matchConfirmation() {
    for (const input of document.querySelectorAll("[data-confirm-match]")) {
      const wrong = plainly(input.value) !== plainly(input.dataset.confirmMatch);
      for (const verb of input.form.querySelectorAll("[type=submit]")) verb.disabled = wrong;
    }
  }
  document.addEventListener("input", (event) => event.target.matches("[data-confirm-match]") && matchConfirmation());
  document.addEventListener("htmx:afterSettle", matchConfirmation);
  matchConfirmation();

  // --- under way: a bar at the top of the page, and what was pressed says so and is not sent twice ------------------
  const bar = document.getElementById("progress");
  const running = new Set();
  const SOON = 150; // ms after which an answer is late enough to show it
  const pressed = ({ elt, requestConfig }) => (elt.matches("form") ? requestConfig.triggeringEvent?.submitter : elt.matches("a, button") ? elt : null);
  const polls = (elt) => /every/.test(elt.getAttribute("hx-trigger") || "");
  function showRunning() {
    if (bar) bar.hidden = !running.size;
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest(':is(a, button)[aria-busy="true"]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (polls(detail.elt)) return;
    running.add(detail.xhr);
    pressed(detail)?.setAttribute("aria-busy", "true");
    setTimeout(() => running.has(detail.xhr) && showRunning(), SOON);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    running.delete(detail.xhr);
    pressed(detail)?.removeAttribute("aria-busy");
    if (!running.size) showRunning();
  });
  document.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (event.defaultPrevented || target.getAttribute("method") !== "post" || target.matches("[data-download]")) return;
    submitter?.setAttribute("aria-busy", "true");
    if (bar) setTimeout(() => (bar.hidden = false), SOON);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-submit-once]")) return;
    const button = event.submitter || event.target.querySelector("button:not([type=button])");
    // Later, so that its name and value are sent.
    setTimeout(() => {
      if (!button || button.disabled) return;
      button.disabled = true;
      button.dataset.sent = "";
    });
  });
  // Back from another page, or after an answer of htmx that left the form where it is.
  function offerAgain(within) {
    for (const button of within.querySelectorAll("button[data-sent], button[aria-busy]")) {
      if ("sent" in button.dataset) button.disabled = false;
      button.removeAttribute("aria-busy");
      delete button.dataset.sent;
    }
    matchConfirmation();
  }
  window.addEventListener("pageshow", () => {
    if (bar) bar.hidden = true;
    offerAgain(document);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches("form[data-submit-once]")) offerAgain(event.detail.elt);
  });

  const offline = document.querySelector("[data-offline]");
  const connection = () => offline && (offline.hidden = navigator.onLine);
  window.addEventListener("online", connection);
  window.addEventListener("offline", connection);
  connection();
})();
