// The transcript: windows come near their edges and go far away, the place is kept, a pill says what is new.
(() => {
  "use strict";
  const { byId: way, put, place, insert, number, tell, get, set } = window.agentguid;
  const [log, live, pill] = ["log", "live", "pill"].map(way);
  if (!log) return;
  const box = log.closest(".log"), url = log.dataset.url, word = pill.querySelector("span");
  const MOST = 600, FOLLOWED = 300, AROUND = 200; // items on the page, and at its end; those kept on each side of the reader
  const NEAR = 40, AHEAD = "1200px 0px";
  const kept = "at:" + url;
  const items = () => [...log.querySelectorAll(":scope > [data-seq]")];
  // The scroller's origin is its end, negative further up. To ask costs a layout: only when it has been scrolled.
  let low = true;
  const atEnd = () => low && !way("newer");

  // ---- the pill
  const since = new Set(); // what was finished while the reader was away from the end
  function asking() {
    const open = [...log.getElementsByClassName("ask-card")].filter(card => !card.classList.contains("ask-done"));
    if (!open.length) return null;
    const view = box.getBoundingClientRect();
    return open.find(card => {
      const at = card.getBoundingClientRect();
      return at.height && (at.top > view.bottom - 60 || at.bottom < view.top + 60);
    });
  }
  let drawn = 0;
  function redraw() {
    drawn = 0;
    const end = atEnd(), ask = asking();
    observe();
    if (end) since.clear();
    const far = way("newer") || (!low && box.scrollTop < -box.clientHeight);
    live.hidden = !!way("newer"); // it would stand after a gap
    pill.hidden = !ask && (end || !(far || since.size));
    pill.classList.toggle("pill-ask", !!ask);
    pill.href = ask ? "#" + ask.id : url;
    const words = (since.size ? `${since.size} new` : "") + (ask ? (since.size ? ", one needs you" : "Needs you") : since.size ? "" : way("newer") ? "Back to the newest" : "To the end");
    if (word.textContent !== words) word.textContent = words;
  }
  const soon = () => { drawn ||= requestAnimationFrame(redraw); };
  document.addEventListener("item", event => {
    if (!atEnd() && !event.detail.matches(".tool-run, .tool-ask")) since.add(event.detail.id);
    hold(event.detail);
    soon();
  });
  pill.addEventListener("click", event => {
    if (pill.hash) return; // to the approval
    event.preventDefault();
    toEnd();
  });
  async function toEnd() {
    if (way("newer")) {
      await loading;
      await load("window");
      history.replaceState(null, "", url);
    }
    box.scrollTop = 0;
    low = true;
    soon();
  }

  // ---- windows
  // What comes while a window is on its way may be newer: it is put once more afterwards.
  const held = new Map();
  let loading = null, again = false;
  function hold(fresh) {
    if (loading) held.set(fresh.id, fresh.cloneNode(true));
  }
  // Away from the end the newest window would take away what one reads: a gap is noted instead.
  document.addEventListener("newest", event => {
    if (atEnd() && !loading) return;
    event.preventDefault();
    if (loading) again = true;
    else gap();
  });
  async function gap() {
    const all = items();
    if (!all.length) return load("window");
    if (!way("newer")) edge("newer", number(all.at(-1)));
    const last = number(all.at(-1));
    for (let after = number(all[0]) - 1; after < last;) {
      const fresh = await fetched(`newer?after=${after}`);
      const found = fresh.filter(element => element.dataset.seq);
      if (!found.length) break;
      after = Math.max(...found.map(number));
      for (const element of found) if (way(element.id)) put(log, element);
    }
  }
  async function fetched(path) {
    const answer = await fetch(`${url}/${path}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = document.createElement("template");
    page.innerHTML = await answer.text();
    const fresh = [...page.content.children];
    for (const element of fresh) tell("fresh", element);
    return fresh;
  }
  function load(path) {
    return (loading ||= loaded(path).catch(later).finally(() => { loading = null; near.disconnect(); soon(); }));
  }
  const later = () => new Promise(done => setTimeout(done, 2000)); // no connection: it is tried again
  async function loaded(path) {
    const fresh = await fetched(path);
    if (path.startsWith("older")) {
      way("older")?.remove();
      log.prepend(...fresh);
    } else if (path.startsWith("newer")) {
      if (box.scrollTop > -2) box.scrollTop = -2; // at its very end the scroller would go along
      way("newer")?.remove();
      for (const element of fresh) {
        if (element.id) {
          if (element.dataset.seq === undefined) { if (element.id === "newer") log.append(element); }
          else if (way(element.id)) put(log, element);
          else place(log, element);
        }
      }
    } else {
      since.clear();
      log.replaceChildren(...fresh);
    }
    for (const element of fresh) if (element.isConnected) htmx.process(element);
    const late = [...held.values()];
    held.clear();
    loading = null;
    for (const element of late) { put(log, element); if (element.isConnected) htmx.process(element); }
    if (again) { again = false; gap(); }
    trim();
  }
  log.addEventListener("click", event => {
    const link = event.target.closest("#older a, #newer a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    load(link.dataset.load);
  });
  const near = new IntersectionObserver(seen => {
    for (const one of seen) if (one.isIntersecting && one.target.isConnected) load(one.target.querySelector("a").dataset.load);
  }, { root: box, rootMargin: AHEAD });
  function observe() {
    for (const name of ["older", "newer"]) if (way(name)) near.observe(way(name));
  }

  // As the server draws it.
  function edge(name, at) {
    way(name)?.remove();
    const [key, line, link] = [name === "older" ? "before" : "after", document.createElement("p"), document.createElement("a")];
    line.id = name;
    line.className = "older";
    line.dataset[key] = at;
    link.className = "btn btn-quiet";
    link.href = `${url}?${key}=${at}`;
    link.dataset.load = `${name}?${key}=${at}`;
    link.textContent = name === "older" ? "Older" : "Newer";
    line.append(link);
    name === "older" ? log.prepend(line) : log.append(line);
    near.observe(line);
  }

  // What is far away goes. What was nested in it and is not far stays.
  function trim() {
    const end = atEnd();
    if (loading || log.getElementsByClassName("item").length <= (end ? FOLLOWED : MOST)) return;
    const all = items(), top = end || box.getBoundingClientRect().top;
    const here = end ? all.length - 1 : Math.max(0, all.findIndex(one => one.getBoundingClientRect().bottom > top));
    const low = Math.max(0, here - AROUND), high = here + AROUND;
    if (high < all.length - 1) {
      for (const one of all.slice(high + 1)) one.remove();
      edge("newer", number(all[high + 1]) - 1);
    }
    if (!low) return;
    const first = number(all[low]);
    for (const one of all.slice(0, low)) {
      one.remove();
      for (const inner of one.querySelectorAll(".item[data-seq]")) if (number(inner) > first) insert(log, inner);
    }
    edge("older", first);
  }
  let trimmed = 0;
  way("stream")?.addEventListener("htmx:sse:after:message", () => {
    soon();
    trimmed ||= setTimeout(() => { trimmed = 0; trim(); }, 200);
  });

  // ---- the place
  let saving = 0;
  function save() {
    saving = 0;
    if (atEnd()) return set("sessionStorage", kept, "");
    const top = box.getBoundingClientRect().top;
    const first = [...log.querySelectorAll(".item[data-seq]")].find(one => one.getBoundingClientRect().bottom > top + 1);
    if (first) set("sessionStorage", kept, `${number(first)} ${Math.round(first.getBoundingClientRect().top - top)}`);
  }
  box.addEventListener("scroll", () => { low = box.scrollTop > -NEAR; soon(); saving ||= setTimeout(save, 150); }, { passive: true });
  addEventListener("pagehide", save);
  async function back() {
    const linked = log.querySelector("[data-at]"); // its autofocus does nothing when something has the focus already
    if (linked) {
      linked.focus({ preventScroll: true });
      return linked.scrollIntoView({ block: "center" });
    }
    const [seq, offset] = (get("sessionStorage", kept) || "").split(" ").map(Number);
    if (!seq || location.hash || /[?&](at|before|after)=/.test(location.search)) return;
    const find = () => log.querySelector(`[data-seq="${seq}"]`);
    if (!find()) await load(`window?around=${seq}`);
    if (find()) box.scrollTop += find().getBoundingClientRect().top - box.getBoundingClientRect().top - offset;
  }
  back().then(soon);
})();
