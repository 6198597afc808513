// Tells of tasks that arrive while a page is open. Without this script, a page shows those that
// waited when it was loaded.
(() => {
  "use strict";
  const said = document.querySelector("[data-live]");
  const count = document.querySelector("[data-count]");
  if (!said || !count || !window.EventSource) return;
  let source = null;
  const told = (event) => {
    const tasks = JSON.parse(event.data);
    const before = said.dataset.words;
    count.textContent = tasks.count;
    count.hidden = tasks.count === "";
    said.dataset.words = tasks.words;
    if (before !== undefined && before !== tasks.words) said.textContent = tasks.words;
    const list = document.querySelector("[data-edition]");
    if (list && list.dataset.edition !== String(tasks.edition)) htmx.trigger(list, "tasks");
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };
  const open = () => {
    source = new EventSource(said.dataset.live);
    source.addEventListener("tasks", told);
    source.addEventListener("end", close); // another page of the session has the stream now
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !source) open(); });
  window.addEventListener("focus", () => { if (!source) open(); });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted && !source) open(); });
  open();
})();
