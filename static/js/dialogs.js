/* Dialogs: [data-dialog="id"] opens one, [data-dialog-close] closes it, and data-confirm asks before something is done. */

function ask(source) {
  const dialog = document.getElementById("confirm");
  const { confirm, confirmText, confirmButton, confirmType, confirmCalm } = source.dataset;
  const yes = dialog.querySelector("#confirm-yes");
  const typed = dialog.querySelector("[data-typed]");
  const input = typed.querySelector("input");
  dialog.querySelector("#confirm-title").textContent = confirm ?? "Go on?";
  dialog.querySelector("#confirm-text").textContent = confirmText ?? "";
  yes.textContent = confirmButton ?? "Go on";
  yes.className = confirmCalm === undefined ? "btn btn-danger-fill" : "btn btn-primary";
  typed.hidden = !confirmType;
  typed.querySelector("code").textContent = confirmType ?? "";
  input.value = "";
  yes.disabled = Boolean(confirmType);
  input.oninput = () => (yes.disabled = Boolean(confirmType) && input.value.trim() !== confirmType);
  dialog.returnValue = "";
  dialog.showModal();
  (confirmType ? input : dialog.querySelector("[data-dialog-close]")).focus();
  return new Promise((answer) => dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true }));
}

function confirmSubmit(event) {
  const form = event.target;
  const source = event.submitter?.dataset.confirm !== undefined ? event.submitter : form;
  if (source.dataset.confirm === undefined || form.dataset.confirmed) {
    delete form.dataset.confirmed;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  const { submitter } = event;
  ask(source).then((yes) => {
    if (!yes) return;
    // What was typed goes along: without scripts nothing is typed, and the server deletes nothing.
    const field = form.elements.namedItem("confirm");
    if (field && source.dataset.confirmType) field.value = document.querySelector("#confirm-typed").value.trim();
    form.dataset.confirmed = "yes";
    putBack(form, document.body);
    if (submitter) putBack(submitter, form);
    form.requestSubmit(submitter);
  });
}

/* The page may have been drawn anew while somebody read the question: what was asked about is done all the same. */
function putBack(part, place) {
  if (part.isConnected) return;
  part.hidden = true;
  place.append(part);
}

export function startDialogs() {
  document.addEventListener("submit", confirmSubmit, true);
  document.addEventListener("htmx:confirm", (event) => {
    const source = event.detail.elt;
    if (source.tagName === "FORM" || source.dataset.confirm === undefined) return; // forms were asked on submit
    event.preventDefault();
    ask(source).then((yes) => yes && event.detail.issueRequest(true));
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog").close("");
    if (event.target instanceof HTMLDialogElement && outside(event)) event.target.close("");
  });
}

function outside(event) {
  const box = event.target.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
