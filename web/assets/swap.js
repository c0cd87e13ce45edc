// Puts the stream's pieces in their places, by element id: one that comes twice, or late, changes nothing.
(() => {
  "use strict";
  const byId = id => document.getElementById(id);
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  // What is selected stays so when `change` replaces its element: the same words, else the same place.
  function keepSelection(old, change) {
    const chosen = getSelection(), ends = [[chosen.anchorNode, chosen.anchorOffset], [chosen.focusNode, chosen.focusOffset]];
    if (chosen.isCollapsed || !ends.some(([node]) => old.contains(node))) return change();
    const places = ends.map(([node, offset]) => {
      if (!old.contains(node)) return null;
      const before = document.createRange();
      before.setStart(old, 0);
      before.setEnd(node, offset);
      return before.toString().length;
    });
    const [from, to] = [Math.min(...places), Math.max(...places)];
    const words = places.includes(null) ? "" : old.textContent.slice(from, to);
    const fresh = change(), text = fresh.textContent;
    let shift = 0;
    if (words && text.slice(from, to) !== words) {
      const at = text.indexOf(words, Math.max(0, from - 200));
      if (at >= 0) shift = at - from;
    }
    const [anchor, focus] = places.map((place, one) => (place === null ? ends[one] : locate(fresh, place + shift)));
    if (anchor[0].isConnected && focus[0].isConnected) chosen.setBaseAndExtent(...anchor, ...focus);
    return fresh;
  }

  function locate(element, place) {
    const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let node = walk.nextNode(), last = node;
    while (node && place > node.length) {
      place -= node.length;
      last = node;
      node = walk.nextNode();
    }
    return node ? [node, place] : last ? [last, last.length] : [element, 0];
  }

  // An element takes the place of its older self. What the reader opened, typed, selected stays; what is nested comes along.
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
      if (twin && field.checked !== field.defaultChecked) twin.checked = field.checked;
    }
    keepSelection(old, () => (old.replaceWith(fresh), fresh));
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
    while (last && (last.id === "newer" || (last.dataset.seq !== undefined && number(last) > number(fresh)))) last = last.previousElementSibling;
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

  // Older than what is shown, or newer than the gap at whose edge the reader is.
  function outside(target, fresh) {
    const first = target.querySelector(":scope > [data-seq]"), newer = byId("newer");
    return (first && number(fresh) < number(first)) || (newer && number(fresh) > Number(newer.dataset.after));
  }

  function place(target, fresh) {
    const inside = fresh.dataset.in && byId(fresh.dataset.in);
    adopt(target, fresh);
    const parent = inside && inside.closest("[data-seq]");
    const put = () => (insert(parent && number(parent) < number(fresh) ? inside : target, fresh), fresh);
    const live = byId("live-" + fresh.id.slice(2)); // it was seen while it grew
    if (!live) return void put();
    if (live.open) {
      fresh.open = true;
      fresh.dataset.hand = "";
    }
    keepSelection(live, put);
  }

  // A group of the list comes with its changed rows, which may have stood in another.
  function file(list, row) {
    const old = byId(row.id), focused = old?.contains(document.activeElement);
    let next = list.firstElementChild;
    while (next && (next === old || next === row || next.dataset.rank > row.dataset.rank)) next = next.nextElementSibling;
    list.insertBefore(row, next);
    if (old !== row) old?.remove();
    if (focused) row.querySelector("a").focus({ preventScroll: true });
  }

  // Groups in the order of their first rows; 50 rows; no empty group.
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
      if (target.id === "log") tell("item", fresh);
      const old = byId(fresh.id);
      if (old) return replace(old, fresh);
      if (fresh.dataset.seq === undefined) return void ((fresh.dataset.in && byId(fresh.dataset.in)) || target).append(fresh);
      if (!outside(target, fresh)) place(target, fresh);
    },
    // Finished blocks and the new rest take the place of the old rest.
    grow(target, fresh) {
      const item = byId(fresh.dataset.in);
      let rest = byId(fresh.dataset.rest);
      while (rest && rest.parentElement !== item) rest = rest.parentElement;
      if (rest) keepSelection(item, () => (rest.replaceWith(...fresh.childNodes), item));
    },
    renew(target, fresh) {
      const old = byId(fresh.id);
      if (old && !old.isEqualNode(fresh)) replace(old, fresh); // what one is about to press stays
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
      if (!swap && style !== "newest") return false;
      const fresh = [...fragment.children];
      for (const element of fresh) tell("fresh", element); // page.js: times, before they are seen
      // The page was too far behind for each item. Who reads further up keeps what he reads.
      if (style === "newest" && document.dispatchEvent(new CustomEvent("newest", { cancelable: true }))) target.replaceChildren(...fresh);
      else if (swap) for (const element of fresh) swap(target, element);
      return fresh.filter(element => element.isConnected);
    },
  });
  // What this browser remembers, if it does.
  const get = (store, name) => { try { return window[store].getItem(name); } catch { return null; } };
  const set = (store, name, value) => {
    try { value ? window[store].setItem(name, value) : window[store].removeItem(name); } catch { /* no storage */ }
  };
  window.agentguid = { byId, put: swaps.put, place, insert, number, tell, get, set };
})();
