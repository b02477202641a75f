/* Warns on the page before a session ends for want of use; the button asks the server for more
   time. Every page says how long it has; without JavaScript the words in 长辈版 say it too. */
"use strict";

const WARN_SECONDS = 300;
let timers = [];

function watchSession() {
  timers.forEach(clearTimeout);
  timers = [];
  const box = document.querySelector("[data-session]");
  if (!box) return;
  const warning = box.querySelector("[data-warning]");
  const left = Number(box.dataset.session);
  const until = Math.max(left - WARN_SECONDS, left / 2);
  timers.push(
    setTimeout(() => {
      warning.hidden = false;
    }, until * 1000),
    setTimeout(() => {
      warning.hidden = false;
      warning.querySelector("[data-words]").textContent = box.dataset.over;
      const form = warning.querySelector("form");
      if (form) form.remove();
    }, left * 1000),
  );
}

document.addEventListener("DOMContentLoaded", watchSession);
document.addEventListener("htmx:afterSettle", watchSession);
