// Loaded after htmx. htmx puts HTML of this console's own responses into the page, under the one
// policy of Trusted Types that the Content-Security-Policy permits. It evaluates no string: the
// policy makes no script, and both evaluators refuse.
(() => {
  "use strict";
  const refuse = () => { throw new Error("The console evaluates no strings."); };
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("htmx", { createHTML: (html) => html, createScript: () => "" })
    : { createHTML: (html) => html, createScript: () => "" };
  htmx.registerExtension("trusted", {
    init: (api) => { api.initSecurity(policy, refuse, refuse); },
  });
})();
