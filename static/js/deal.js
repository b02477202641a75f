/* Keys for the page on a batch. Every key presses a button or a box that is there anyway. */
"use strict";

(() => {
  let at = null; // key of the row in hand
  let index = 0;

  const rows = () => Array.from(document.querySelectorAll("[data-row]"));
  const inHand = () => document.activeElement?.closest?.("[data-row]");

  function hold(row) {
    if (!row) return;
    at = row.dataset.row;
    index = rows().indexOf(row);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const all = rows();
    if (!all.length) return;
    const now = all.indexOf(inHand());
    if (now >= 0) return hold(all[Math.min(Math.max(now + by, 0), all.length - 1)]);
    hold(all.find((row) => row.dataset.row === at) || all[0]);
  }

  function refuse(row) {
    const box = document.getElementById("refuse");
    const tick = row?.querySelector("input[name=claim]");
    if (!box) return;
    if (row && !tick) return;
    if (tick) tick.checked = true;
    box.open = true;
    box.querySelector("select").focus();
  }

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    a: () => inHand()?.querySelector("button[value^='approve:']")?.click(),
    r: () => refuse(inHand()),
    u: () =>
      (
        inHand()?.querySelector("button[value^='undo:']") || document.querySelector("[data-undo]")
      )?.click(),
    x: () => inHand()?.querySelector("input[name=claim]")?.click(),
    "?": () => {
      const help = document.getElementById("keys");
      if (!help) return;
      help.open = !help.open;
      if (help.open) help.scrollIntoView({ block: "nearest" });
    },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing) {
      if (event.key === "Escape") step(0);
      return;
    }
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("focusin", () => {
    const row = inHand();
    if (row) {
      at = row.dataset.row;
      index = rows().indexOf(row);
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-refuse]");
    if (!link) return;
    event.preventDefault();
    refuse(link.closest("[data-row]"));
  });

  /* After a decision the next one that waits is in hand; where none is left, the same place. */
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "work" && !document.getElementById("work")) return;
    if (at === null || document.querySelector("[data-focus]")) return;
    const all = rows();
    const same = all.findIndex((row) => row.dataset.row === at);
    const from = same >= 0 ? same : Math.min(index, all.length - 1);
    const undone = same >= 0 && all[same].hasAttribute("data-undecided");
    const next = all.slice(Math.max(from, 0)).find((row) => row.hasAttribute("data-undecided"));
    hold(undone ? all[same] : next || all[from]);
  });
})();
