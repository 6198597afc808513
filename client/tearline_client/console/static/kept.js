// Keeps a form while a person types: after a change, never by the clock alone. Without this script,
// each button of the form keeps it.
(() => {
  "use strict";
  const told = document.querySelector("[data-keeps]");
  if (!told) return;
  const waits_ms = 1500;
  let changed = null;
  let timer = 0;
  const save = async (form) => {
    const sent = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string") sent.append(name, value);
    }
    sent.set("page", new URL(form.action).pathname);
    try {
      const reply = await fetch(told.dataset.keeps, { method: "POST", body: sent, redirect: "manual", keepalive: sent.toString().length < 60000 });
      if (reply.type === "opaqueredirect") told.textContent = told.dataset.ended;
      else told.textContent = reply.ok ? await reply.text() : told.dataset.failed;
      if (reply.ok) history.replaceState(history.state, "", `${sent.get("page")}?kept=${sent.get("kept")}`);
    } catch {
      told.textContent = told.dataset.failed;
    }
  };
  const flush = () => {
    clearTimeout(timer);
    const form = changed;
    changed = null;
    if (form) save(form);
  };
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form || form.method !== "post" || !form.elements.kept) return;
    changed = form;
    clearTimeout(timer);
    timer = setTimeout(flush, waits_ms);
  });
  document.addEventListener("change", flush);
  document.addEventListener("submit", () => { clearTimeout(timer); changed = null; });
  document.addEventListener("visibilitychange", () => { if (document.hidden) flush(); });
  window.addEventListener("pagehide", flush);
})();
