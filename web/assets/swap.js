// How the pieces of the page's stream are put in their places. Each is addressed by its element id, so that a piece that
// comes twice, or late, changes nothing. The swaps are the names in `hx-swap` of the stream's partials.
(() => {
  "use strict";
  const byId = id => document.getElementById(id);

  // An element takes the place of its older self. What belongs to the reader stays: which details he opened or closed,
  // what he has typed, where the focus is; and what is nested in it comes along.
  function replace(old, fresh) {
    if (old.dataset.hand !== undefined) {
      fresh.open = old.open;
      fresh.dataset.hand = "";
    }
    for (const nest of old.querySelectorAll(".nest[id]")) {
      const place = fresh.querySelector("#" + CSS.escape(nest.id));
      if (place) place.replaceChildren(...nest.childNodes);
    }
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    for (const field of old.querySelectorAll("input[id]:not([type=hidden]), textarea[id]")) {
      const twin = fresh.querySelector("#" + CSS.escape(field.id));
      if (twin && field.value !== field.defaultValue) twin.value = field.value;
    }
    old.replaceWith(fresh);
    const again = focused && focused.id && byId(focused.id);
    if (again && again !== document.activeElement) {
      again.focus({ preventScroll: true });
      if (again.setSelectionRange && focused.selectionStart != null) {
        again.setSelectionRange(focused.selectionStart, focused.selectionEnd);
      }
    }
  }

  const number = element => Number(element.dataset.seq);

  // In the order of their numbers; nearly always at the end.
  function insert(container, fresh) {
    let last = container.lastElementChild;
    while (last && last.dataset.seq !== undefined && number(last) > number(fresh)) last = last.previousElementSibling;
    if (last) last.after(fresh);
    else container.prepend(fresh);
  }

  // What came before the tool call that it is nested in.
  function adopt(target, fresh) {
    const nest = fresh.querySelector(".nest[id]");
    let last = nest && target.lastElementChild;
    while (last && last.dataset.seq !== undefined && number(last) > number(fresh)) {
      const before = last.previousElementSibling;
      if (last.dataset.in === nest.id) nest.prepend(last);
      last = before;
    }
  }

  const swaps = {
    put(target, fresh) {
      const old = byId(fresh.id);
      if (old) return replace(old, fresh);
      const inside = fresh.dataset.in && byId(fresh.dataset.in);
      if (fresh.dataset.seq === undefined) return void (inside || target).append(fresh);
      const first = target.querySelector(":scope > [data-seq]");
      if (first && number(fresh) < number(first)) return; // older than what is shown
      adopt(target, fresh);
      const parent = inside && inside.closest("[data-seq]");
      insert(parent && number(parent) < number(fresh) ? inside : target, fresh);
    },
    renew(target, fresh) {
      const old = byId(fresh.id);
      if (old) replace(old, fresh);
    },
    gone(target, fresh) {
      byId(fresh.id)?.remove();
    },
    rank(target, fresh) {
      byId(fresh.id)?.remove();
      let next = target.firstElementChild;
      while (next && next.dataset.rank > fresh.dataset.rank) next = next.nextElementSibling;
      target.insertBefore(fresh, next);
      while (target.children.length > 50) target.lastElementChild.remove();
    },
  };

  htmx.registerExtension("agentguid", {
    handle_swap(style, target, fragment) {
      const swap = swaps[style];
      if (!swap) return false;
      const fresh = [...fragment.children];
      for (const element of fresh) {
        document.dispatchEvent(new CustomEvent("fresh", { detail: element })); // page.js: times, before they are seen
        swap(target, element);
      }
      return fresh.filter(element => element.isConnected);
    },
  });
})();
