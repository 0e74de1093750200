// The diagnosis form: claims are numbered as they are written, and every choice of a claim shows its words.
import "./rows.js";

function claims() {
  return [...document.querySelectorAll("[data-rows=claims] [name$='-text']")].map((field) => field.value.trim());
}

function show() {
  const texts = claims();
  for (const select of document.querySelectorAll("select[data-claims]")) {
    for (const option of select.options) {
      if (!option.value) continue;
      const number = Number(option.value.slice(1));
      const text = texts[number - 1];
      option.hidden = option.disabled = !text && select.value !== option.value;
      option.textContent = text ? `${number}: ${text.slice(0, 60)}` : `claim ${number}`;
    }
  }
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
