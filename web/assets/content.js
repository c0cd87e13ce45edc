// What texts offer: copy, wrap, pictures enlarged, times counted down, calls of sub-agents counted. Later pieces too.
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
