// The connection as it is, what was read, ages.
(() => {
  "use strict";
  const SILENCE = 40000; // the server gives a sign of life every 15 s
  const { byId, get, set } = window.agentguid;
  const base = document.body.dataset.base;
  const [stream, line, word, lasting] = ["stream", "line", "line-word", "line-for"].map(byId);

  // ---- the connection
  let connection = null, state = "", heard = 0, retry = 250, since = 0, late = 0;
  const WORDS = { live: "Live", catching: "Catching up", connecting: "Connecting", reconnecting: "Reconnecting", offline: "Offline", stale: "Out of date" };
  const lost = one => one === "reconnecting" || one === "offline";
  const near = /^(localhost|127\.|\[::1\])/.test(location.hostname); // a daemon on this machine needs no network
  // What lasts less than half a second is not worth a word.
  function say(next) {
    if (next !== state) {
      if (!lost(state) || !lost(next)) since = Date.now();
      state = next;
      clearTimeout(late);
      late = setTimeout(show, next === "catching" || next === "connecting" ? 500 : 0);
    } else show();
  }
  function show() {
    if (!line) return; // a page without a header
    if (line.dataset.state !== state) word.textContent = WORDS[line.dataset.state = state];
    const seconds = Math.round((Date.now() - since) / 1000);
    lasting.textContent = lost(state) && seconds > 2 ? ` ${seconds} s` : "";
  }
  function down() { if (state !== "stale") say(navigator.onLine || near ? "reconnecting" : "offline"); }
  function alive() { heard = Date.now(); }
  function check() {
    if (["live", "catching"].includes(state) && Date.now() - heard > SILENCE && !document.hidden) {
      down();
      connection?.reader?.cancel(); // a line that died without a word: hx-sse connects anew
    } else if (lost(state)) down();
  }

  // Should loading anew not help, it is tried less and less often.
  function reload() {
    const [count, at] = (get("sessionStorage", "reloads") || "0 0").split(" ").map(Number);
    const wait = Date.now() - at > 60000 ? 0 : Math.min(60000, 1000 * 2 ** count);
    set("sessionStorage", "reloads", `${wait ? count + 1 : 1} ${Date.now() + wait}`);
    say("stale");
    setTimeout(() => location.reload(), wait);
  }

  if (stream) {
    say("connecting");
    stream.addEventListener("htmx:sse:after:connection", event => {
      if (event.detail.connection.status !== 200) return;
      connection = event.detail.connection;
      retry = 250;
      alive();
      if (state !== "live") say("catching"); // a stream that shares its connection ends and comes again every 2 s
    });
    stream.addEventListener("htmx:sse:before:message", alive);
    stream.addEventListener("caught-up", () => { say("live"); read(); });
    stream.addEventListener("beat", () => say("live"));
    stream.addEventListener("bye", down);
    stream.addEventListener("reload", reload);
    stream.addEventListener("renewed", () => location.reload()); // somebody works on agentguid itself
    stream.addEventListener("htmx:sse:error", event => (event.detail.status === 401 ? location.reload() : down()));
    stream.addEventListener("htmx:sse:close", event => {
      if (event.detail.reason === "message") return;
      down();
      again();
    });
    // htmx 4.0.1 does not repeat a first connection that failed.
    for (const name of ["htmx:error", "htmx:response:error"]) {
      stream.addEventListener(name, () => { down(); again(); });
    }
    setInterval(check, 1000);
    document.addEventListener("visibilitychange", check); // timers of a hidden page sleep; what it then says is true at once
    if (!near) {
      addEventListener("offline", down);
      addEventListener("online", () => { if (lost(state)) { down(); connection?.reader?.cancel(); } }); // the line may be of another network
    }
  }
  function again() {
    retry = Math.min(4000, retry * 2);
    setTimeout(() => { if (!stream._htmx?.sse) htmx.trigger(stream, "sse-retry"); }, retry * (0.7 + Math.random() * 0.6));
  }

  // ---- reading: the user has seen what is here
  const seen = byId("message")?.dataset.draft;
  function read() {
    const upto = connection?.lastEventId;
    if (!seen || !upto || document.hidden || !document.querySelector(`#c-${CSS.escape(seen)} .conv-unread`)) return;
    fetch(`${base}/conversations/${seen}/reading`, { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams({ upto }) }).catch(() => {});
  }
  setInterval(() => { if (state === "live") read(); }, 2000);

  // ---- forms
  document.addEventListener("htmx:error", event => {
    const place = event.detail.ctx?.target;
    if (place?.classList?.contains("error")) place.textContent = "This did not reach agentguid. Nothing was lost: try again.";
  });

  // ---- small things
  document.addEventListener("click", event => {
    const summary = event.target.closest("summary");
    if (summary) summary.parentElement.dataset.hand = "";
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  });
  function age(element) {
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
    if (seconds < 60) return "now";
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
  }
  const minute = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" }); // made once: it costs more than its use
  const day = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
  function clock(element) {
    const when = new Date(element.dateTime), time = minute.format(when);
    return when.toDateString() === new Date().toDateString() ? time : `${day.format(when)}, ${time}`;
  }
  let later = 0;
  function times(within = document) {
    for (const element of within.querySelectorAll("time[data-age]")) {
      const words = age(element);
      if (element.textContent !== words) element.textContent = words;
    }
    for (const element of within.querySelectorAll("time[data-clock]:not([data-done])")) {
      element.textContent = clock(element);
      element.dataset.done = "";
    }
  }
  times();
  document.addEventListener("fresh", event => times(event.detail));
  setInterval(() => times(), 20000);
  stream?.addEventListener("htmx:sse:after:message", () => { later ||= setTimeout(() => { later = 0; times(); }, 200); });
  document.documentElement.classList.add("script");
})();
