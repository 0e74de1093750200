// Choosing rows of a table: how many are chosen, and the actions that then apply.
function show(form) {
  const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
  const chosen = boxes.filter((box) => box.checked).length;
  form.querySelector(".chosen")?.toggleAttribute("hidden", chosen === 0);
  const counter = form.querySelector("[data-chosen]");
  if (counter) counter.textContent = chosen;
  const all = form.querySelector("[data-choose-all]");
  if (!all) return;
  all.disabled = boxes.length === 0;
  all.checked = boxes.length > 0 && chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-chooses]");
  if (!form) return;
  if ("chooseAll" in event.target.dataset) {
    for (const box of form.querySelectorAll("tbody input[type=checkbox]")) box.checked = event.target.checked;
  }
  show(form);
});

for (const form of document.querySelectorAll("form[data-chooses]")) show(form);
