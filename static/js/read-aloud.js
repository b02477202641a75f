/* 长辈版: reads the page's main part aloud, sentence by sentence, with the device's own voice.
   The button is shown only where there is a voice; pressed again it stops. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("[data-read-aloud]");
  const main = document.getElementById("main");
  if (!button || !main || !("speechSynthesis" in window)) return;
  const label = button.querySelector("span");
  const start = label.textContent;
  button.hidden = false;
  button.setAttribute("aria-pressed", "false");

  function show(reading) {
    button.setAttribute("aria-pressed", String(reading));
    label.textContent = reading ? button.dataset.stop : start;
  }

  /* innerText leaves out what is not shown; short pieces, as some engines stop in long ones. */
  function sentences() {
    return main.innerText.split(/(?<=[。！？；])|\n+/u).map((piece) => piece.trim()).filter(Boolean);
  }

  button.addEventListener("click", () => {
    const reading = button.getAttribute("aria-pressed") === "true";
    speechSynthesis.cancel();
    show(!reading);
    if (reading) return;
    const pieces = sentences();
    pieces.forEach((piece, index) => {
      const words = new SpeechSynthesisUtterance(piece);
      words.lang = "zh-CN";
      words.rate = 0.9;
      if (index === pieces.length - 1) words.addEventListener("end", () => show(false));
      speechSynthesis.speak(words);
    });
  });
  window.addEventListener("pagehide", () => speechSynthesis.cancel());
});
