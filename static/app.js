// What every page can do: theme, menu, keyboard, dialogs, drafts that survive a reload, errors in words.
import "./drafts.js";
import "./keys.js";
import "./live.js";

const root = document.documentElement;

function showTheme() {
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === root.dataset.theme));
  }
}

function setTheme(theme) {
  root.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  showTheme();
}

function openSide(open) {
  const shell = document.getElementById("shell");
  const button = document.querySelector("[data-opens=side]");
  shell?.classList.toggle("is-open", open);
  button?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector("#side a")?.focus();
}

/** Say something in the polite region above the content; it replaces what stood there. Other scripts send "announce". */
function announce(words, kind = "bad", link = null) {
  const region = document.getElementById("messages");
  if (!region) return;
  const notice = document.createElement("div");
  notice.className = `notice notice--${kind}`;
  notice.textContent = words;
  if (link) {
    const anchor = document.createElement("a");
    [anchor.href, anchor.textContent] = [link.href, link.words];
    notice.append(" ", anchor);
  }
  if (region.textContent.trim() !== notice.textContent) region.replaceChildren(notice); // what still stands there is not said twice
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("button, a, summary");
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (document.getElementById("shell")?.classList.contains("is-open") && !event.target.closest("#side, [data-opens=side]")) openSide(false);
  if (!target) return;
  if (target.dataset.setTheme) setTheme(target.dataset.setTheme);
  if (target.dataset.opens === "side") openSide(target.getAttribute("aria-expanded") !== "true");
  if (target.dataset.dialog) document.getElementById(target.dataset.dialog)?.showModal();
  if ("close" in target.dataset) target.closest("dialog")?.close();
  if (target.dataset.copy) {
    const text = document.getElementById(target.dataset.copy)?.textContent ?? "";
    navigator.clipboard?.writeText(text).then(() => announce("Copied.", "info"), () => announce("The browser did not allow copying."));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  openSide(false);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("change", (event) => {
  if ("submits" in event.target.dataset) event.target.form.requestSubmit();
});

// An empty filter has no place in a URL that people share.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "get") return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 401) {
    const next = encodeURIComponent(location.pathname + location.search);
    return announce("Your sign-in has expired. What you typed is kept.", "warn", { href: `/accounts/login/?next=${next}`, words: "Sign in again" });
  }
  announce(status === 403 ? "Your role does not allow this." : status === 404 ? "This is gone: reload the page." : `The server could not do this (${status}). Nothing was changed; try again.`);
});
document.addEventListener("htmx:sendError", () => announce("No answer from the server. What you typed is kept; try again when it is back."));

document.addEventListener("announce", (event) => announce(event.detail.words, event.detail.kind));

showTheme();
