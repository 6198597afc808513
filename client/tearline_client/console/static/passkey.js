// Asks the browser for a passkey when a form for one is sent, and sends the form with the answer.
// A form for a passkey is hidden until then: without this script the passphrase remains.
(() => {
  "use strict";
  const keys = window.PublicKeyCredential;
  if (!keys || !keys.parseRequestOptionsFromJSON || !keys.parseCreationOptionsFromJSON) return;
  const ask = async (form) => {
    const options = JSON.parse(form.dataset.options);
    return form.dataset.passkey === "create"
      ? navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(options) })
      : navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(options) });
  };
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      const button = form.querySelector("button");
      failed.hidden = true;
      button.disabled = true;
      try {
        const credential = await ask(form);
        form.querySelector("[data-answer]").value = JSON.stringify(credential.toJSON());
        form.submit();
      } catch {
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
