// The list beside the page: filter, closed groups, hiding it, keys.
(() => {
  "use strict";
  const root = document.documentElement, { base, keys } = document.body.dataset;
  const byId = id => document.getElementById(id);
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
  try {
    scroller.scrollTop = sessionStorage.getItem("list") || 0;
    addEventListener("pagehide", () => sessionStorage.setItem("list", scroller.scrollTop));
  } catch { /* no storage */ }
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
