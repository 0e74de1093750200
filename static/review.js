// Score review by keyboard: 1-9 answer the question one is at, arrows move between questions, Ctrl+Enter completes.
const form = document.querySelector("[data-review]");
const questions = form ? [...form.querySelectorAll("[data-question]")] : [];
let at = Math.max(0, questions.findIndex((one) => !one.querySelector(":checked")));

function go(to, { focus = true } = {}) {
  at = Math.min(Math.max(to, 0), questions.length - 1);
  questions.forEach((one, number) => one.classList.toggle("is-current", number === at));
  if (!focus) return;
  const inputs = questions[at].querySelectorAll("input");
  (questions[at].querySelector(":checked") || inputs[0]).focus({ preventScroll: true });
  questions[at].scrollIntoView({ block: "nearest" });
}

function typing(target) {
  return target.matches("textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (!form || document.querySelector("dialog[open], details.menu[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.target.closest("pre, [tabindex='0']") && event.key.startsWith("Arrow")) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    go(at + (event.key === "ArrowDown" ? 1 : -1));
  } else if (/^[1-9]$/.test(event.key) && localStorage.getItem("shortcuts-off") !== "1") {
    const option = questions[at]?.querySelectorAll("input")[Number(event.key) - 1];
    if (!option) return;
    event.preventDefault();
    option.checked = true;
    option.dispatchEvent(new Event("change", { bubbles: true }));
    if (at < questions.length - 1) go(at + 1);
    else option.focus({ preventScroll: true });
  }
});

/** Scroll each return to the passage that is cited, which may stand far down in it. */
function showPassages(within) {
  for (const box of within.querySelectorAll(".review__return")) {
    const passage = box.querySelector("mark");
    if (passage) box.scrollTop += passage.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 4;
  }
}

questions.forEach((one, number) => one.addEventListener("focusin", () => go(number, { focus: false })));
if (questions.length) go(at, { focus: false });
// Of the page itself once, and then of what comes in alone: a box that somebody has scrolled stays where it is.
document.addEventListener("htmx:load", (event) => showPassages(event.detail.elt));
