// Rows of a Django formset: "add a row" clones the fieldset's <template> and counts it in.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-row]");
  if (!button) return;
  addRow(button.closest("[data-rows]"))?.querySelector("input, select, textarea")?.focus();
});

export function addRow(group) {
  const total = group.querySelector("input[name$=TOTAL_FORMS]");
  const template = group.querySelector("template");
  const holder = document.createElement("template");
  holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
  const row = holder.content.firstElementChild;
  template.before(row);
  total.value = Number(total.value) + 1;
  group.dispatchEvent(new CustomEvent("rows:added", { bubbles: true, detail: row }));
  return row;
}
