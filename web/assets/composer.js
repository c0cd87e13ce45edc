// The composer: drafts, files, keys, messages on their way, the queue, stopping.
(() => {
  "use strict";
  const { byId, get, set } = window.agentguid;
  const coarse = matchMedia("(pointer: coarse)");

  const words = html => new DOMParser().parseFromString(html, "text/html").body.textContent.slice(0, 300);
  const away = () => (navigator.onLine ? "agentguid could not be reached." : "This device is offline.");
  const post = (url, body, more) => fetch(url, { method: "POST", headers: { "HX-Request": "true" }, body, ...more });
  // Why an answer is none.
  async function wrong(answer) {
    if (answer.redirected || answer.status === 401) return "You are signed out here. Sign in in another tab, then try again.";
    if (!answer.ok) return answer.status < 500 ? words(await answer.text()) : `agentguid failed (${answer.status}).`;
  }

  // ---- drafts and keys
  function draft(field, text) {
    field.value = text;
    set("localStorage", "draft:" + field.dataset.draft, text);
  }
  for (const field of document.querySelectorAll("textarea[data-draft]")) {
    const name = "draft:" + field.dataset.draft, form = field.form, files = form.querySelector(".attached");
    if (!field.value) field.value = get("localStorage", name) || "";
    if (!files.firstChild) files.innerHTML = get("sessionStorage", name) || "";
    field.addEventListener("input", () => set("localStorage", name, field.value));
    new MutationObserver(() => set("sessionStorage", name, files.innerHTML)).observe(files, { childList: true });
    files.addEventListener("change", event => { event.target.closest("li").remove(); field.focus(); });

    // Files go when they are chosen: the answer stands for them.
    const pick = byId("files"), error = form.querySelector("textarea ~ .error");
    let going = 0;
    async function attach(chosen) {
      const body = new FormData();
      for (const file of chosen) body.append("files", file);
      going++;
      error.textContent = "";
      try {
        const answer = await post(pick.dataset.url, body), why = await wrong(answer);
        if (why) error.textContent = why;
        else files.insertAdjacentHTML("beforeend", await answer.text());
      } catch { error.textContent = away(); }
      going--;
    }
    pick.addEventListener("change", () => { attach(pick.files); pick.value = ""; });
    field.addEventListener("paste", event => {
      const { files, types } = event.clipboardData;
      if (files.length && !types.includes("text/plain")) { event.preventDefault(); attach(files); }
    });
    for (const name of ["dragover", "drop"]) document.addEventListener(name, event => {
      const { files, types } = event.dataTransfer;
      if (types.includes("Files")) event.preventDefault();
      if (files.length) attach(files); // while they are held over the page there are none
    });
    field.addEventListener("keydown", event => {
      if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.altKey) return;
      const plain = document.body.dataset.send !== "ctrl-enter" && !coarse.matches;
      if (!plain && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      if (field.value.trim() || files.firstChild) form.requestSubmit();
    });
    form.addEventListener("submit", event => {
      if (going) {
        event.preventDefault();
        event.stopImmediatePropagation();
        error.textContent = "The files are still on their way.";
        return;
      }
      set("localStorage", name, "");
      set("sessionStorage", name, "");
    });
  }

  const field = byId("message");
  if (!field) return;
  const form = field.form, key = byId("composer-key"), error = byId("composer-error"), live = byId("live");
  const dialog = byId("stop"), stream = byId("stream"), box = form.closest(".composer");
  const files = form.querySelector(".attached");
  const OUTBOX = "outbox:" + field.dataset.draft;
  const ready = () => (coarse.matches ? byId("send") : field).focus({ preventScroll: true });
  const back = text => draft(field, field.value.trim() ? `${text}\n\n${field.value}` : text);
  field.addEventListener("keydown", event => {
    const waiting = event.key === "ArrowUp" && !field.value && [...box.querySelectorAll("#queue textarea")].pop();
    if (!waiting) return;
    event.preventDefault();
    waiting.focus();
  });

  // ---- messages on their way
  // Ids of a message's elements begin with the key that it was sent under: it is shown once, and not sent twice.
  const entries = [];
  let line = Promise.resolve();
  const fresh = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
  const keep = () => {
    const open = entries.filter(entry => entry.state !== "sent").map(({ key, text, now, state, why, chips }) => ({ key, text, now, state, why, chips }));
    set("sessionStorage", OUTBOX, open.length ? JSON.stringify(open) : "");
  };
  const arrived = entry => document.querySelector(`#log > [id^="i-${entry.key}-"], #queue [id^="q-${entry.key}-"]`);

  function say(entry, state, why = "") {
    Object.assign(entry, { state, why });
    entry.element.dataset.state = state;
    entry.element.querySelector(".sending-word").textContent = { sending: "Sending…", sent: "Sent", failed: "Not sent" }[state];
    entry.element.querySelector(".sending-why").textContent = why;
    keep();
  }
  function drop(entry) {
    const held = entry.element.contains(document.activeElement);
    entry.element.remove();
    entries.splice(entries.indexOf(entry), 1);
    keep();
    if (held) ready();
  }
  const settle = () => { for (const entry of [...entries]) if (arrived(entry)) drop(entry); };

  function show(entry) {
    const busy = byId("stop-button") || byId("retry-cancel");
    entry.element = byId(busy ? "sending-queued" : "sending-said").content.firstElementChild.cloneNode(true);
    entry.element.querySelector(".sending-text").textContent = entry.text;
    entry.element.querySelector(".attached").innerHTML = entry.chips || "";
    entry.element.querySelector(".sending-retry").addEventListener("click", () => send(entry));
    entry.element.querySelector(".sending-edit").addEventListener("click", () => { back(entry.text); files.insertAdjacentHTML("beforeend", entry.chips || ""); drop(entry); field.focus(); });
    if (busy) byId("outbox").append(entry.element);
    else {
      if (!byId("sending")) live.after(Object.assign(document.createElement("div"), { id: "sending" }));
      byId("sending").append(entry.element);
      entry.element.scrollIntoView({ block: "nearest" });
    }
    entries.push(entry);
  }
  function send(entry) {
    say(entry, "sending");
    line = line.then(() => deliver(entry)); // one after the other: they keep their order
  }
  async function deliver(entry) {
    let why;
    try {
      const body = new URLSearchParams({ key: entry.key, text: entry.text, steer: entry.now ? 1 : 0 });
      for (const one of entry.element.querySelectorAll("[name=attached]")) body.append("attached", one.value);
      why = await wrong(await post(form.action, body, { signal: AbortSignal.timeout(30000) }));
    } catch {
      why = away();
    }
    if (!entries.includes(entry)) return;
    say(entry, why === undefined ? "sent" : "failed", why);
    settle();
  }
  form.addEventListener("submit", event => {
    event.preventDefault();
    const text = field.value.replace(/\r\n/g, "\n");
    if (!text.trim() && !files.firstChild) return;
    const entry = { key: key.value, text, now: event.submitter?.name === "steer", chips: files.innerHTML };
    key.value = fresh();
    error.textContent = "";
    draft(field, "");
    files.replaceChildren();
    show(entry);
    send(entry);
  });
  for (const entry of JSON.parse(get("sessionStorage", OUTBOX) || "[]")) {
    if (arrived(entry)) continue;
    show(entry);
    entry.state === "failed" ? say(entry, "failed", entry.why) : send(entry);
  }
  // What has not come by now was removed meanwhile.
  for (const name of ["caught-up", "beat"]) {
    stream?.addEventListener(name, () => { for (const entry of [...entries]) if (entry.state === "sent") drop(entry); });
  }

  // ---- the queue
  const edited = "#queue textarea";
  // A field that is taken away changes as well, to some browsers: then there is nobody to save it for.
  document.addEventListener("change", ({ target }) => {
    if (target.matches(edited)) queueMicrotask(() => target.isConnected && target.form.requestSubmit());
  });
  document.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches(edited)) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:after:request", event => {
    const { sourceElement: source, response, request } = event.detail.ctx;
    if (!response || response.status >= 300) return;
    if (source.matches(".queue-edit")) source.elements.text.defaultValue = request.body.get("text");
    const name = source.closest("details.rename") && byId("title"); // the stream may have renewed it before
    if (name) { name.open = false; name.firstElementChild.focus(); }
  });
  // A change that came too late is not lost: it becomes the draft of a new message.
  function rescue(queue) {
    for (const text of queue.querySelectorAll("textarea")) {
      const id = text.id.slice(2, -5), said = byId("i-" + id)?.querySelector(".said")?.textContent, twin = byId(text.id);
      if (text.value === text.defaultValue || said === text.value) continue;
      if (twin) { twin.value = text.value; continue; }
      back(text.value);
      error.textContent = "That message went to the agent, or was removed, before your change was saved. Your words stand below.";
    }
  }
  let last = null;
  document.addEventListener("focusin", event => { last = event.target; });
  function refocus(old) {
    if (!last || !old.contains(last) || document.activeElement !== document.body) return;
    const place = [...old.querySelectorAll("li")].indexOf(last.closest("li")), rows = byId("queue").querySelectorAll("li");
    const row = place >= 0 && rows[Math.min(place, rows.length - 1)];
    const twin = row && row.querySelector(`[id$="${last.id.slice(last.id.lastIndexOf("-"))}"]`);
    twin ? twin.focus() : ready();
  }

  // ---- stopping
  function ask() {
    const button = byId("stop-button");
    if (!button || button.ariaDisabled === "true") return;
    byId("stop-now").value = button.value;
    dialog.showModal();
  }
  document.addEventListener("click", event => {
    if (!event.target.closest("#stop-button")) return;
    event.preventDefault();
    ask();
  });
  byId("stop-form").addEventListener("submit", () => dialog.close());
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape" || event.isComposing || dialog.open) return;
    const target = event.target, name = target.closest("details.rename[open]");
    if (name || target.matches(edited)) {
      event.preventDefault();
      if (name) { name.open = false; name.firstElementChild.focus(); } else { target.value = target.defaultValue; field.focus(); }
    } else if (target === field || !target.matches("input, select, textarea")) {
      if (!byId("stop-button") || document.querySelector("dialog[open], details.menu[open], :popover-open, #commands:not([hidden])")) return;
      event.preventDefault(); // else the same key closes the dialog again
      ask();
    }
  }, true);
  document.addEventListener("toggle", event => {
    if (event.target.matches("details.rename") && event.target.open) event.target.querySelector("input").select();
  }, true);

  // ---- what the stream renews
  function choices() {
    const facts = byId("facts").dataset;
    for (const pick of byId("picks").querySelectorAll("[name]")) {
      if (pick !== document.activeElement && pick.value !== facts[pick.name]) pick.value = facts[pick.name];
    }
  }
  new MutationObserver(records => {
    for (const record of records) for (const old of record.removedNodes) {
      if (old.id === "queue") rescue(old);
      if (old.id === "queue" || old.id === "actions") refocus(old);
      if (old.id === "facts") choices();
    }
    if (dialog.open && !byId("stop-button")) dialog.close();
    elapsed();
    if (entries.length) settle();
  }).observe(box, { childList: true, subtree: true });
  const changed = new MutationObserver(() => { if (entries.length) settle(); });
  changed.observe(byId("log"), { childList: true });
  new MutationObserver(choices).observe(byId("facts").parentElement, { childList: true });
  function elapsed() {
    for (const time of box.querySelectorAll("time[data-since]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.since)) / 1000));
      const text = (seconds < 3600 ? "" : `${Math.floor(seconds / 3600)}:`) +
        `${String(Math.floor(seconds / 60) % 60).padStart(seconds < 3600 ? 1 : 2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
      if (time.textContent !== text) time.textContent = text;
    }
  }
  elapsed();
  setInterval(elapsed, 1000);
})();
