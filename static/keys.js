// Single keys: never while typing, with a modifier held, in a dialog or menu, or during a request; and they can be switched off.
const OFF = "shortcuts-off";
// A part of the page that fetches itself is no request of the person at the keys.
const REQUEST = `.htmx-request${["load", "every", "revealed"].map((own) => `:not([hx-trigger^="${own}"])`).join("")}`;
let letterUntil = 0; // ms, on the clock of events

const off = () => localStorage.getItem(OFF) === "1";

function show() {
  const button = document.querySelector("[data-toggle-shortcuts]");
  if (!button) return;
  button.setAttribute("aria-pressed", String(!off()));
  button.querySelector("[data-shortcuts-state]").textContent = off() ? "off" : "on";
}

function busy(target) {
  return (
    target.closest?.("input, textarea, select, [contenteditable]") ||
    document.querySelector(`dialog[open], details.menu[open], ${REQUEST}`)
  );
}

/** Whether a single key may do something now. */
export const free = (event) => !(off() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || busy(event.target));

const destination = (key) => document.querySelector(`.nav-link[data-key="${CSS.escape(key)}"]`);

/** The lists that this person can go to, in the order of the navigation, before the other keys. */
function destinations() {
  const list = document.querySelector("[data-keys]");
  const found = [...document.querySelectorAll(".nav-link[data-key]")].flatMap((link) => {
    const [keys, where] = [document.createElement("dt"), document.createElement("dd")];
    for (const key of ["g", link.dataset.key]) {
      const one = document.createElement("kbd");
      one.textContent = key;
      keys.append(keys.childElementCount ? " " : "", one);
    }
    where.textContent = link.dataset.name;
    return [keys, where];
  });
  list?.prepend(...found);
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-toggle-shortcuts]")) return;
  localStorage.setItem(OFF, off() ? "0" : "1");
  show();
});

document.addEventListener("keydown", (event) => {
  if (!free(event)) return;
  if (event.timeStamp < letterUntil && destination(event.key)) {
    letterUntil = 0;
    destination(event.key).click();
    return;
  }
  letterUntil = event.key === "g" ? event.timeStamp + 1500 : 0;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("search")?.focus();
  }
  if (event.key === "?") document.getElementById("keys")?.showModal();
});

destinations();
show();
