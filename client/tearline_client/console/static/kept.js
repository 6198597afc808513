// Keeps a form while a person types: after a change, never by the clock alone. Without this script,
// each button of the form keeps it.
(() => {
  "use strict";
  const told = document.querySelector("[data-keeps]");
  if (!told) return;
  const waits_ms = 1500;
  const small = 60000; // bytes: of a larger form, a browser sends none that outlives the page
  let form = null; // the one that changed last
  let timer = 0;
  let sending = new AbortController();
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    sending.abort(); // what comes late would stand in for what came since
    sending = new AbortController();
  };
  const save = async () => {
    if (!timer) return;
    stop();
    const { signal } = sending;
    const sent = new FormData();
    let most = 0;
    for (const [name, value] of [...new FormData(form), ["page", new URL(form.action).pathname]]) {
      if (typeof value !== "string") continue;
      sent.append(name, value);
      most += 3 * (name.length + value.length) + 200;
    }
    try {
      const reply = await fetch(told.dataset.keeps, { method: "POST", body: sent, redirect: "manual", keepalive: most < small, signal });
      if (reply.type === "opaqueredirect") told.textContent = told.dataset.ended;
      else told.textContent = reply.ok ? await reply.text() : told.dataset.failed;
      if (reply.ok) history.replaceState(history.state, "", `${sent.get("page")}?kept=${sent.get("kept")}`);
    } catch {
      if (!signal.aborted) told.textContent = told.dataset.failed;
    }
  };
  const keeps = (each) => each && each.method === "post" && each.elements.kept;
  const change = (changed) => {
    if (form !== changed) save();
    form = changed;
    clearTimeout(timer);
    timer = setTimeout(save, waits_ms);
  };
  document.addEventListener("input", (event) => { if (keeps(event.target.form)) change(event.target.form); });
  document.addEventListener("change", save);
  document.addEventListener("submit", (event) => { if (event.target === form) stop(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  window.addEventListener("pagehide", save);
  // What was typed before this script came: no event told of it.
  const is_typed = (each) => each.defaultValue !== undefined && each.value !== each.defaultValue;
  for (const each of document.forms) if (keeps(each) && [...each.elements].some(is_typed)) change(each);
})();
