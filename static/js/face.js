/* What every page likes to have and none needs: focus on what went wrong, pictures before they
   are sent, words when the connection fails. */
"use strict";

/* Somebody writes elsewhere on the page: an answer that comes meanwhile takes no keystrokes. */
function isTypingBeside(root) {
  const field = document.activeElement;
  return (
    field !== null &&
    !root.contains(field) &&
    field.matches("input[type=text], textarea") &&
    field.value !== field.defaultValue
  );
}

function focusOnTrouble(root) {
  const trouble = root.querySelector("[data-focus]");
  if (trouble && !isTypingBeside(root)) {
    trouble.focus();
    trouble.scrollIntoView({ block: "nearest" });
  }
}

function tell(text) {
  const told = document.getElementById("told");
  if (!told) return;
  const box = document.createElement("div");
  box.className = "notice";
  box.dataset.tone = "bad";
  box.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  told.replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}

/* Chosen pictures, small, under their field; the addresses are let go when replaced. */
function preview(input) {
  const box = input.closest(".file") || input;
  let list = box.nextElementSibling;
  if (!list || !list.matches("[data-previews]")) {
    list = document.createElement("ul");
    list.className = "photos";
    list.dataset.previews = "";
    list.setAttribute("aria-live", "polite");
    box.after(list);
  }
  for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
  list.replaceChildren(
    ...Array.from(input.files, (file) => {
      const item = document.createElement("li");
      const figure = document.createElement("figure");
      if (file.type.startsWith("image/")) {
        const image = new Image(320, 240);
        image.alt = "";
        image.src = URL.createObjectURL(file);
        figure.append(image);
      }
      const caption = document.createElement("figcaption");
      caption.textContent = `${file.name}（${(file.size / 1048576).toFixed(1)} MB）`;
      figure.append(caption);
      item.append(figure);
      return item;
    }),
  );
}

document.addEventListener("change", (event) => {
  const input = event.target;
  if (input instanceof HTMLInputElement && input.type === "file") preview(input);
});
document.addEventListener("DOMContentLoaded", () => focusOnTrouble(document));
document.addEventListener("htmx:afterSettle", (event) => focusOnTrouble(event.target));
document.addEventListener("htmx:sendError", () => tell("没有连上网络，内容还在，请稍后再试。"));
document.addEventListener("htmx:responseError", (event) => {
  const answers = {
    404: "没有找到，可能已被移走，请刷新页面。",
    419: "页面放得太久，已失效。请先复制填写的内容，再刷新页面。",
    429: "操作太频繁，请过一会儿再试。",
  };
  tell(answers[event.detail.xhr.status] || "没有办成，内容还在。请稍后再试，或拨打页脚的服务电话。");
});
