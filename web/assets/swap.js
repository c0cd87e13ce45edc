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

  // The list: a group comes with those of its rows that have changed; a row may have come from another group.
  function file(list, row) {
    const old = byId(row.id), focused = old?.contains(document.activeElement);
    let next = list.firstElementChild;
    while (next && (next === old || next === row || next.dataset.rank > row.dataset.rank)) next = next.nextElementSibling;
    list.insertBefore(row, next);
    if (old !== row) old?.remove();
    if (focused) row.querySelector("a").focus({ preventScroll: true });
  }

  // Groups stand in the order of their first rows; the list has the 50 that rank highest, and no empty group.
  function settle(target) {
    const rank = element => element.dataset.rank || element.querySelector("[data-rank]")?.dataset.rank || "";
    const order = (one, other) => (rank(one) < rank(other) ? 1 : -1);
    const focused = target.contains(document.activeElement) ? document.activeElement : null;
    for (const row of [...target.querySelectorAll("li")].sort(order).slice(50)) row.remove();
    for (const group of [...target.children]) if (!rank(group)) group.remove();
    let next = target.firstElementChild;
    for (const group of [...target.children].sort(order)) {
      if (group === next) next = next.nextElementSibling;
      else target.insertBefore(group, next);
      const count = group.querySelector(".count"), rows = String(group.lastElementChild.childElementCount);
      if (count.textContent !== rows) count.textContent = rows;
    }
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
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
      if (target.id === "convs") settle(target);
    },
    rank(target, fresh) {
      const rows = [...fresh.lastElementChild.children];
      if (!byId(fresh.id)) target.append(fresh);
      for (const row of rows) file(byId(fresh.id).lastElementChild, row);
      settle(target);
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
