// The page's content as JSON: what the server says, without ages, drafts and keys.
() => {
  const html = id => {
    const copy = document.getElementById(id)?.cloneNode(true);
    if (!copy) return null;
    for (const time of copy.querySelectorAll("time")) time.replaceWith("T");
    for (const node of [copy, ...copy.querySelectorAll("*")]) {
      for (const name of ["data-hand", "data-done", "data-htmx-powered", "class"]) {
        if (name !== "class") node.removeAttribute(name);
        else if (!node.getAttribute("class")) node.removeAttribute("class");
      }
    }
    return copy.outerHTML.replace(/>\s+</g, "><").trim();
  };
  return JSON.stringify(Object.fromEntries(
    ["log", "live", "convs", "title", "facts", "gauges", "status", "strip", "queue", "actions", "options", "needs", "overview"].map(id => [id, html(id)])));
}
