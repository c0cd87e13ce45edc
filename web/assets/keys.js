// The list beside the page: filter, closed groups, hiding it, keys.
(() => {
  "use strict";
  const root = document.documentElement, { base, keys } = document.body.dataset;
  const { byId, get, set } = window.agentguid;
  const side = byId("side"), list = byId("convs"), filter = byId("filter"), all = byId("all"), none = byId("none-found");
  const desk = matchMedia("(width >= 48rem)");

  // ---- how the list stands: a cookie tells the next page
  const NAME = "agentguid-list=";
  const kept = () => (document.cookie.split("; ").find(one => one.startsWith(NAME)) || NAME).slice(NAME.length).split(".").filter(Boolean);
  function keep(word, wanted) {
    const words = kept().filter(one => one !== word);
    if (wanted) words.unshift(word);
    const age = words.length ? 34560000 : 0;
    document.cookie = `${NAME}${words.slice(0, 60).join(".")}; Path=${base || "/"}; Max-Age=${age}; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
  }
  list.addEventListener("click", event => {
    const group = event.target.closest(".group > summary")?.parentElement;
    if (group && !filter.value) keep(group.id, group.open); // a click comes before it opens or closes
  });
  // Where it was scrolled to on the page before.
  const scroller = list.parentElement;
  scroller.scrollTop = get("sessionStorage", "list") || 0;
  addEventListener("pagehide", () => set("sessionStorage", "list", scroller.scrollTop));
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });

  function hide() {
    if (!desk.matches) return side.togglePopover();
    const hidden = root.dataset.list === "hidden";
    if (side.matches(":popover-open")) side.hidePopover();
    hidden ? delete root.dataset.list : (root.dataset.list = "hidden");
    keep("hidden", !hidden);
  }
  byId("side-hide").addEventListener("click", hide);

  // ---- filter
  const links = () => [...list.querySelectorAll(".conv")].filter(link => link.checkVisibility());
  function sift() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of list.children) {
      const folder = group.querySelector("b").textContent.toLowerCase();
      for (const row of group.lastElementChild.children) {
        const text = folder + " " + row.firstElementChild.title.toLowerCase();
        row.hidden = !words.every(word => text.includes(word));
      }
      group.hidden = words.length > 0 && !group.querySelector("li:not([hidden])");
      group.open = words.length > 0 || !kept().includes(group.id);
    }
    none.hidden = !words.length || [...list.children].some(group => !group.hidden);
    all.firstElementChild.textContent = words.length ? `Look for “${filter.value.trim()}” among all` : "All conversations";
    all.href = `${base}/conversations${words.length ? "?q=" + encodeURIComponent(filter.value.trim()) : ""}`;
  }
  filter.addEventListener("input", sift);
  filter.addEventListener("keydown", event => {
    if (event.isComposing) return;
    if (event.key === "Enter" && filter.value.trim()) {
      const first = links()[0];
      if (!first) return; // the form looks among all
      event.preventDefault();
      first.click();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      links()[0]?.focus();
    } else if (event.key === "Escape") {
      event.stopPropagation(); // it stops no agent
      filter.value = "";
      sift();
      filter.blur();
    }
  });
  document.addEventListener("fresh", event => {
    if (event.detail.matches(".group")) {
      event.detail.open = !kept().includes(event.detail.id);
      if (filter.value) queueMicrotask(sift);
    }
  });
  if (filter.value) sift(); // the browser brought it back

  // ---- keys
  function step(by) {
    const rows = links(), here = list.contains(document.activeElement) ? document.activeElement : list.querySelector("[aria-current]");
    const at = rows.indexOf(here);
    (at < 0 ? rows[by > 0 ? 0 : rows.length - 1] : rows[at + by])?.focus();
  }
  const letters = {
    n: () => location.assign(`${base}/new`),
    "/": () => { reveal(); filter.focus(); filter.select(); },
    j: () => { reveal(); step(1); },
    k: () => { reveal(); step(-1); },
    "?": () => byId("shortcuts").showModal(),
  };
  function reveal() {
    if (!side.checkVisibility()) side.showPopover();
  }
  const typing = element => element.isContentEditable || /^(TEXTAREA|SELECT)$/.test(element.tagName) ||
    (element.tagName === "INPUT" && !/^(button|checkbox|radio|submit|range|color|file)$/.test(element.type));
  document.addEventListener("keydown", event => {
    if (event.defaultPrevented || event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey !== event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "b") {
      if (typing(event.target) && event.ctrlKey && /Mac/.test(navigator.platform)) return; // there it moves the caret
      event.preventDefault();
      hide();
    } else if (!event.ctrlKey && !event.metaKey && keys !== "off" && !typing(event.target) && letters[event.key]) {
      event.preventDefault();
      letters[event.key]();
    }
  });
  // Buttons with `command` in browsers that do not know it yet.
  if (!("command" in HTMLButtonElement.prototype)) document.addEventListener("click", event => {
    const button = event.target.closest("[command=show-modal]");
    if (button) byId(button.getAttribute("commandfor")).showModal();
  });
})();

// Comboboxes (WAI-ARIA): the folder of a new conversation, slash commands.
(() => {
  "use strict";
  const { byId } = window.agentguid;
  const [folder, message] = ["folder", "message"].map(byId);
  let active = null;
  function mark(option) {
    const field = folder || message;
    active?.setAttribute("aria-selected", "false");
    active = option || null;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) field.setAttribute("aria-activedescendant", active.id);
    else field.removeAttribute("aria-activedescendant");
  }
  if (message) commands(message);
  if (!folder) return;
  const field = folder, [picker, list, prompt, model] = ["picker", "folders", "first", "model"].map(byId);

  // ---- the list under the field
  const options = () => [...list.querySelectorAll("[role=option]:not(:disabled)")];
  function show(open) {
    list.hidden = !open;
    field.setAttribute("aria-expanded", String(open));
    mark(null);
  }
  const look = () => htmx.trigger(field, "look");
  const isOpen = () => !list.hidden;
  function go(path) { // into a folder: the field says where one is, the list what is there
    field.value = path;
    field.focus();
    ask();
  }
  function take(path) {
    field.value = path;
    show(false);
    look();
    prompt.focus();
  }
  function choose(option) {
    if (option.name === "create") htmx.trigger(option, "click");
    else go(option.value);
  }

  let wanted = false; // the answer that comes is to be shown
  function ask() { wanted = true; look(); }
  field.addEventListener("input", () => { wanted = true; mark(null); });
  field.addEventListener("click", () => { if (!isOpen()) ask(); });
  picker.addEventListener("htmx:after:swap", () => {
    const end = list.querySelector("[data-path]");
    if (end && "made" in end.dataset) return void take(end.dataset.path);
    if (document.activeElement === field && wanted) show(true);
  });
  field.addEventListener("keydown", event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !(event.altKey && step < 0)) {
      event.preventDefault();
      if (!isOpen()) return ask();
      const all = options(), at = all.indexOf(active);
      mark(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step]); // past the ends: the field itself
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (active) choose(active);
      else take(field.value);
    } else if (event.key === "Tab" && isOpen()) {
      if (active && active.name === "browse") { field.value = active.value; look(); }
      wanted = false;
      show(false);
    } else if ((event.key === "Escape" || event.key === "ArrowUp") && isOpen()) {
      event.preventDefault();
      event.stopPropagation();
      wanted = false;
      show(false);
    }
  });
  picker.addEventListener("focusout", event => {
    if (event.relatedTarget && !picker.contains(event.relatedTarget)) { wanted = false; show(false); }
  });
  document.addEventListener("pointerdown", event => { if (!picker.contains(event.target)) show(false); });
  list.addEventListener("pointerdown", event => { if (event.target.closest("button")) event.preventDefault(); }); // the focus stays
  byId("browse").tabIndex = -1; // the field opens the list by itself

  // Buttons that without script bring the form again.
  field.form.addEventListener("click", event => {
    const button = event.target.closest("button[formaction]");
    if (!button || ["rescan", "models"].includes(button.name) || button.hasAttribute("hx-post")) return;
    event.preventDefault();
    if (button.name === "choose") take(button.value);
    else if (button.name === "hidden") fetchHidden();
    else if (button.id === "browse") isOpen() ? show(false) : (field.focus(), ask());
    else go(button.value);
  });
  function fetchHidden() {
    wanted = true;
    htmx.ajax("GET", `${field.getAttribute("hx-get")}?${new URLSearchParams({ folder: field.value, hidden: "true" })}`, { source: list, target: list, swap: "innerHTML" });
  }
  if (isOpen()) addEventListener("DOMContentLoaded", ask); // after a refusal: what was drawn for a page without script becomes a list of options

  // ---- agent and model
  byId("agent").addEventListener("change", event => {
    model.setAttribute("list", `models-${event.target.value}`);
    model.value = "";
  });
  model.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (prompt.value.trim()) field.form.requestSubmit();
  });

  // ---- slash commands
  function commands(field) {
    const menu = byId("commands");
    const close = () => { menu.hidden = true; mark(null); };
    const look = () => (/^\/.{0,60}$/.test(field.value) ? htmx.trigger(menu, "look") : close());
    function take(option) {
      field.value = option.firstChild.textContent + " ";
      field.focus();
      field.dispatchEvent(new Event("input")); // a draft, and the list goes
    }
    field.addEventListener("input", look);
    field.addEventListener("blur", close);
    menu.addEventListener("pointerdown", event => event.preventDefault()); // the focus stays
    menu.addEventListener("click", event => {
      event.preventDefault();
      const option = event.target.closest("a");
      if (option) take(option);
    });
    menu.addEventListener("htmx:after:swap", () => {
      menu.hidden = !menu.firstElementChild || !field.value.startsWith("/");
      mark(menu.querySelector("a"));
    });
    field.addEventListener("keydown", event => {
      if (menu.hidden || event.isComposing || event.shiftKey) return;
      const step = { ArrowDown: "next", ArrowUp: "previous" }[event.key];
      if (step) mark(active?.[step + "ElementSibling"] || active);
      else if (event.key === "Escape") close();
      else if (active && (event.key === "Tab" || (event.key === "Enter" && active.firstChild.textContent !== field.value.trim()))) take(active);
      else return void (event.key === "Enter" && close());
      event.preventDefault();
      event.stopImmediatePropagation();
    }, true);
    byId("slash").addEventListener("click", event => {
      event.preventDefault();
      field.value ||= "/";
      field.focus();
      look();
    });
  }
})();
