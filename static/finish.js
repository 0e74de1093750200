// The diagnosis form: claims are numbered as they are written, and every choice of a claim shows its words.
import "./rows.js";

const most = (document.querySelector("select[data-claims]")?.options.length ?? 1) - 1; // claims the server knows the names of

function claims() {
  return [...document.querySelectorAll("[data-rows=claims] [name$='-text']")].slice(0, most).map((field) => field.value.trim());
}

/** A select of claims offers the claims that have a row; one that is not written yet cannot be chosen. */
function offer(select, texts) {
  for (const option of [...select.options]) {
    if (option.value && Number(option.value.slice(1)) > texts.length && !option.selected) option.remove();
  }
  for (const [at, text] of texts.entries()) {
    const value = `c${at + 1}`;
    let option = [...select.options].find((one) => one.value === value);
    if (!option) select.append((option = new Option("", value)));
    option.disabled = !text && !option.selected;
    option.textContent = text ? `${at + 1}: ${text.slice(0, 60)}` : `claim ${at + 1}, not written yet`;
  }
}

function show() {
  const texts = claims();
  for (const select of document.querySelectorAll("select[data-claims]")) offer(select, texts);
  for (const row of document.querySelectorAll("[data-rows=claims] .claim-row")) {
    const text = row.querySelector("[name$='-text']").value.trim();
    const kind = row.querySelector("[name$='-kind']").value;
    const chosen = row.querySelectorAll("[name$='-evidence']:checked").length;
    row.querySelector("[data-count]").textContent = chosen;
    row.classList.toggle("is-loose", Boolean(text) && !chosen && kind !== "mitigation");
  }
}

function number() {
  for (const [at, label] of document.querySelectorAll("[data-rows=claims] [data-number]").entries()) label.textContent = at + 1;
}

document.addEventListener("input", show);
document.addEventListener("rows:added", () => { number(); show(); });
document.addEventListener("draft:restored", show);
number();
show();
