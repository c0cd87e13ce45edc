// A new conversation: the folder's field as a combobox (WAI-ARIA), the models of the chosen agent.
(() => {
  "use strict";
  const field = document.getElementById("folder");
  if (!field) return;
  const [picker, list, prompt, model] = ["picker", "folders", "first", "model"].map(id => document.getElementById(id));
  let active = null;

  // ---- the list under the field
  const options = () => [...list.querySelectorAll("[role=option]:not(:disabled)")];
  function mark(option) {
    active?.setAttribute("aria-selected", "false");
    active = option || null;
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) field.setAttribute("aria-activedescendant", active.id);
    else field.removeAttribute("aria-activedescendant");
  }
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
  document.getElementById("browse").tabIndex = -1; // the field opens the list by itself

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
  if (isOpen()) setTimeout(ask); // after a refusal: what was drawn for a page without script becomes a list of options

  // ---- agent and model
  document.getElementById("agent").addEventListener("change", event => {
    model.setAttribute("list", `models-${event.target.value}`);
    model.value = "";
  });
  model.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (prompt.value.trim()) field.form.requestSubmit();
  });
})();
