/* Drawing black boxes over a photo: by pointer, or by keys on the buttons of the list.
   Only writes down where they are (#id_boxes); the server paints. Without this, cells are ticked. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const room = document.querySelector("[data-redact]");
  const field = document.getElementById("id_boxes");
  if (!room || !field) return;
  const SVG = "http://www.w3.org/2000/svg";
  const width = Number(room.dataset.width);
  const height = Number(room.dataset.height);
  const canvas = room.querySelector(".canvas");
  const list = room.querySelector("[data-boxes]");
  const draw = room.querySelector("[data-draw]");
  const step = Math.max(4, Math.round(Math.max(width, height) / 60));
  const least = 6;
  const boxes = []; // {left, top, right, bottom, shape, item}

  const paper = document.createElementNS(SVG, "svg");
  paper.setAttribute("viewBox", `0 0 ${width} ${height}`);
  paper.setAttribute("preserveAspectRatio", "none");
  paper.setAttribute("aria-hidden", "true");
  canvas.append(paper);
  room.querySelector("[data-pens]").hidden = false;

  function within(value, most) {
    return Math.min(Math.max(Math.round(value), 0), most);
  }

  function show(box) {
    box.shape.setAttribute("x", box.left);
    box.shape.setAttribute("y", box.top);
    box.shape.setAttribute("width", box.right - box.left);
    box.shape.setAttribute("height", box.bottom - box.top);
  }

  function write() {
    field.value = boxes
      .map((box) => [box.left, box.top, box.right, box.bottom].join(","))
      .join(" ");
    boxes.forEach((box, at) => {
      box.item.firstChild.textContent = `${list.dataset.name} ${at + 1}`;
      box.item.lastChild.setAttribute("aria-label", `${list.dataset.remove} ${list.dataset.name} ${at + 1}`);
    });
  }

  function remove(box) {
    const at = boxes.indexOf(box);
    boxes.splice(at, 1);
    box.shape.remove();
    box.item.remove();
    write();
    const next = boxes[Math.min(at, boxes.length - 1)];
    (next ? next.item.firstChild : room.querySelector("[data-add]")).focus();
  }

  function button(text) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn quiet";
    made.textContent = text;
    return made;
  }

  function add(left, top, right, bottom) {
    const box = { left, top, right, bottom };
    box.shape = document.createElementNS(SVG, "rect");
    paper.append(box.shape);
    box.item = document.createElement("li");
    const handle = button("");
    handle.addEventListener("keydown", (event) => keys(event, box));
    handle.addEventListener("focus", () => box.shape.classList.add("chosen"));
    handle.addEventListener("blur", () => box.shape.classList.remove("chosen"));
    const away = button(list.dataset.remove);
    away.addEventListener("click", () => remove(box));
    box.item.append(handle, away);
    list.append(box.item);
    boxes.push(box);
    show(box);
    return box;
  }

  function keys(event, box) {
    const by = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      remove(box);
    } else if (by) {
      event.preventDefault();
      if (event.shiftKey) {
        box.right = Math.max(box.left + least, within(box.right + by[0], width));
        box.bottom = Math.max(box.top + least, within(box.bottom + by[1], height));
      } else {
        const across = Math.min(Math.max(by[0], -box.left), width - box.right);
        const down = Math.min(Math.max(by[1], -box.top), height - box.bottom);
        box.left += across;
        box.right += across;
        box.top += down;
        box.bottom += down;
      }
      show(box);
      write();
    }
  }

  room.querySelector("[data-add]").addEventListener("click", () => {
    const box = add(within(width * 0.4, width), within(height * 0.4, height),
      within(width * 0.6, width), within(height * 0.6, height));
    write();
    box.item.firstChild.focus();
  });

  function drawing(on) {
    draw.setAttribute("aria-pressed", String(on));
    canvas.toggleAttribute("data-drawing", on);
  }
  draw.addEventListener("click", () => drawing(draw.getAttribute("aria-pressed") !== "true"));

  let begun = null;
  function place(event) {
    const frame = paper.getBoundingClientRect();
    return [
      within(((event.clientX - frame.left) / frame.width) * width, width),
      within(((event.clientY - frame.top) / frame.height) * height, height),
    ];
  }
  paper.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button > 0) return;
    event.preventDefault();
    paper.setPointerCapture(event.pointerId);
    const [x, y] = place(event);
    begun = { x, y, box: add(x, y, x, y) };
  });
  paper.addEventListener("pointermove", (event) => {
    if (!begun) return;
    const [x, y] = place(event);
    Object.assign(begun.box, {
      left: Math.min(x, begun.x), right: Math.max(x, begun.x),
      top: Math.min(y, begun.y), bottom: Math.max(y, begun.y),
    });
    show(begun.box);
  });
  function end() {
    if (!begun) return;
    const { box } = begun;
    begun = null;
    if (box.right - box.left < least || box.bottom - box.top < least) remove(box);
    else write();
  }
  paper.addEventListener("pointerup", end);
  paper.addEventListener("pointercancel", end);

  for (const text of field.value.split(" ").filter(Boolean)) {
    const numbers = text.split(",").map(Number);
    if (numbers.length === 4 && numbers.every(Number.isFinite)) add(...numbers);
  }
  write();
  drawing(true);
});
