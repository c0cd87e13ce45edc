// Texts: copy, wrap, pictures enlarged, times counted down, calls counted.
(() => {
  "use strict";
  // As it was written: what is shown by its number is that character again.
  function source(element) {
    const copy = element.cloneNode(true);
    for (const odd of copy.querySelectorAll(".odd")) odd.replaceWith(String.fromCodePoint(parseInt(odd.textContent.slice(2), 16)));
    return copy.textContent;
  }
  const SIGNS = { add: "+", del: "-", hunk: "" };
  function textOf(box) {
    const table = box.querySelector(":scope > .diff");
    if (!table) return source(box.querySelector("pre code, .out"));
    return [...table.rows].map(row => (SIGNS[row.className] ?? " ") + source(row.cells[3])).join("\n");
  }
  async function put(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.body.appendChild(document.createElement("textarea")); // a page without TLS
    field.value = text;
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  function said(button, words) {
    const say = button.ariaLabel ? text => { button.ariaLabel = text; } : text => { button.textContent = text; };
    button.dataset.was ??= button.ariaLabel || button.textContent;
    say(words);
    setTimeout(() => { say(button.dataset.was); delete button.dataset.was; }, 1500);
  }
  const copy = (button, text) => Promise.resolve(text).then(put).then(() => said(button, "Copied"), () => said(button, "Not copied"));

  const actions = {
    copy: button => copy(button, textOf(button.closest(".body, figure"))),
    wrap(button) {
      const on = button.closest(".body, figure").classList.toggle("wrapped");
      button.setAttribute("aria-pressed", on);
    },
    "copy-text"(link, event) {
      event.preventDefault();
      copy(link, fetch(link.href).then(answer => (answer.ok ? answer.text() : Promise.reject(answer.status))));
    },
    zoom(link, event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      let dialog = document.getElementById("zoom");
      if (!dialog) {
        dialog = document.createElement("dialog");
        dialog.id = "zoom";
        dialog.setAttribute("aria-label", "Picture");
        dialog.append(document.createElement("img"));
        dialog.addEventListener("click", () => dialog.close());
        document.body.append(dialog);
      }
      const from = link.querySelector("img"), picture = dialog.firstElementChild;
      picture.src = link.href;
      picture.alt = from.alt;
      dialog.showModal();
    },
  };
  document.addEventListener("click", event => {
    const button = event.target.closest("[data-do]");
    if (button && event.button === 0) actions[button.dataset.do]?.(button, event);
  });

  // ---- countdowns
  function left(seconds) {
    const two = number => String(number).padStart(2, "0");
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
    return minutes < 2880 ? `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min` : `${Math.floor(minutes / 1440)} d`;
  }
  function count() {
    for (const time of document.querySelectorAll("time[data-countdown]")) {
      const seconds = Math.ceil((Date.parse(time.dateTime) - Date.now()) / 1000);
      if (seconds > 0) time.dataset.left = left(seconds);
      else { delete time.dataset.left; delete time.dataset.countdown; }
    }
  }
  count();
  setInterval(count, 1000);

  // ---- sub-agents
  function calls(nest) {
    const place = nest.parentElement?.querySelector(":scope > summary .calls");
    const number = nest.querySelectorAll(":scope > .tool:not(.thought)").length;
    const words = number ? `${number} tool call${number === 1 ? "" : "s"}` : "";
    if (place && place.textContent !== words) place.textContent = words;
  }
  const log = document.getElementById("log");
  if (!log) return;
  for (const nest of log.querySelectorAll(".nest:not(:empty)")) calls(nest);
  new MutationObserver(records => {
    for (const record of records) {
      if (record.target.classList.contains("nest")) calls(record.target);
      for (const added of record.addedNodes) {
        if (added.nodeType === 1) for (const nest of added.querySelectorAll(".nest:not(:empty)")) calls(nest);
      }
    }
  }).observe(log, { childList: true, subtree: true });
})();

// Permission cards by keyboard: 1 to 9 answer the marked one or choose in it, j and k go through the inbox.
(() => {
  "use strict";
  const cards = document.getElementsByClassName("ask-open");
  const inbox = document.getElementById("asks");
  const here = () => document.activeElement?.closest?.(".ask-open");
  const free = target => !target.matches?.("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]");

  function seen(card) {
    const place = card.getBoundingClientRect(), view = card.closest(".log, .scroll").getBoundingClientRect();
    return place.height > 0 && place.bottom > view.top + 40 && place.top < view.bottom - 40;
  }
  // A key that was meant for something else must not answer what has just come up.
  const JUST = 500, born = new WeakMap();
  function note(at) { for (const card of cards) if (!born.has(card)) born.set(card, at); }
  const settled = card => performance.now() - born.get(card) > JUST;

  const acting = () => here() || [...cards].find(seen);
  let due = 0;
  function mark() {
    due ||= requestAnimationFrame(() => {
      due = 0;
      const one = cards.length ? acting() : null;
      for (const card of cards) card.classList.toggle("ask-now", card === one);
    });
  }

  // ---- No, and why
  function why(card, button) {
    card.classList.add("ask-saying");
    for (const one of card.querySelectorAll(".ask-reject")) one.setAttribute("aria-expanded", one === button);
    card.querySelector(".ask-say").focus();
    card.scrollIntoView({ block: "nearest" });
  }
  function unsay(card) {
    const button = card.querySelector(".ask-reject[aria-expanded=true]");
    card.classList.remove("ask-saying");
    for (const one of card.querySelectorAll(".ask-reject")) one.removeAttribute("aria-expanded");
    button?.focus();
  }
  document.addEventListener("click", event => {
    const button = event.target.closest(".ask-open .ask-reject");
    if (!button || button.ariaExpanded === "true") return;
    event.preventDefault();
    why(button.closest(".ask-open"), button);
  }, true);

  // What a link means may stand on this page: then it need not be loaded.
  document.addEventListener("click", event => {
    const card = event.target.closest(".ask-link") && document.getElementById(event.target.closest(".ask-link").hash.slice(1));
    if (!card || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    card.scrollIntoView({ block: "nearest" });
    card.focus({ preventScroll: true });
  });

  // ---- keys
  function go(step) {
    const all = [...cards], place = all.indexOf(here());
    const next = all[place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target, card = target.closest?.(".ask-open");
    if (card && target.matches(".ask-say")) {
      if (event.key === "Escape") unsay(card);
      else if (event.key === "Enter") target.form.requestSubmit(card.querySelector(".ask-reject[aria-expanded=true]") || card.querySelector(".ask-reject"));
      else return;
    } else if (!free(target) || document.body.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
    else if (/^[1-9]$/.test(event.key)) {
      const one = acting(), button = one?.querySelector(`[aria-keyshortcuts="${event.key}"]`);
      if (!button) return;
      if (settled(one)) {
        if (button.tagName === "INPUT") button.focus();
        button.click();
      }
    } else if (inbox && /^(j|k|ArrowDown|ArrowUp)$/.test(event.key)) {
      if (event.key.startsWith("Arrow") && !(target === document.body || target.matches(".ask-card"))) return;
      go(/^(j|ArrowDown)$/.test(event.key) ? 1 : -1);
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // ---- the focus after an answer
  let last = null, row = null;
  document.addEventListener("focusin", event => {
    last = event.target.closest(".ask-card");
    row = last && last.closest("li");
    mark();
  });
  function lost() {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const own = document.getElementById(last.id), coarse = matchMedia("(pointer: coarse)").matches;
    const next = own?.matches(".ask-open") ? own : [...cards].find(card => !inbox || row === null || after(card)) || cards[cards.length - 1];
    const rest = inbox ? document.getElementById("main") : coarse ? own : document.getElementById("message");
    last = null;
    (next || rest || document.getElementById("main")).focus({ preventScroll: !next });
    next?.scrollIntoView({ block: "nearest" });
  }
  let order = [];
  const after = card => order.indexOf(card.id) > order.indexOf(row?.querySelector(".ask-card")?.id);
  document.addEventListener("focusin", () => { order = [...cards].map(card => card.id); });
  const place = document.getElementById("log") || inbox;
  if (!place) return;
  note(-JUST);
  new MutationObserver(() => { note(performance.now()); lost(); mark(); }).observe(place, { childList: true, subtree: true });
  for (const name of ["scroll", "resize", "focusout"]) addEventListener(name, mark, { capture: true, passive: true });
  mark();
})();
