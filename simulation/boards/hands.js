// The board's hands: what people see, drag, type and hear. It decides nothing: a model says what there is (`view`),
// is asked for acts (`act`), and tells when there is something new (`on`). Names come from users: text, never markup.
// Not here: the model of a notebook (live.js), that of a page without a kernel (still.js).
"use strict";

const HELP =
  "Drag a region with mouse or finger, or use the keyboard: arrow left or right moves it a wave earlier or later, " +
  "with shift into a new wave of its own; arrow up or down goes from region to region; Ctrl+Z undoes.";
const SIGNS = { better: "▼ ", worse: "▲ ", open: "≈ ", same: "", unknown: "? " };
const NARROW = 780; // pixels of its own width, below which there is one column
let boards = 0;

/** Return an element with attributes, and children that are elements or text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  return element;
}

class Hands {
  constructor(root, model) {
    this.root = root;
    this.model = model;
    this.reach = {}; // the longest bar of each figure so far: bars of one board can be compared from move to move
    this.focus = null; // the region that the tab key comes to
    this.help = `wb-help-${++boards}`;
    this.drag = null;
    root.hands = this; // for those who look from outside, such as tests
    this.build();
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("pointerdown", (event) => this.down(event));
    model.on(() => this.draw());
    new ResizeObserver(() => root.classList.toggle("wb-narrow", root.clientWidth < NARROW)).observe(root);
    this.draw();
  }

  build() {
    const button = (name, words) => {
      const made = make("button", { type: "button", class: "wb-button", "data-act": name }, words);
      made.addEventListener("click", () => this.press(name));
      return made;
    };
    this.root.classList.add("wb");
    // JupyterLab has shortcuts on arrows, z and Enter, and would take ours for its own.
    this.root.setAttribute("data-lm-suppress-shortcuts", "true");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", "Wave board");
    this.title = make("p", { class: "wb-title" });
    this.buttons = {
      undo: button("undo", "Undo"), redo: button("redo", "Redo"), reset: button("reset", "Today’s plan"),
    };
    this.extras = make("span", { class: "wb-extras" });
    this.copy = button("plan", "Copy as plan");
    this.extras.append(this.copy);
    if (this.model.live) {
      this.system = make("select", { class: "wb-select", "aria-label": "system of the pipeline" });
      this.extras.append(button("pipeline", "Copy as pipeline"), this.system, button("explain", "Explain"));
    }
    this.bar = make("div", { class: "wb-bar" }, ...Object.values(this.buttons), this.extras);
    this.waves = make("div", { class: "wb-waves", role: "list", "aria-label": "waves, in order" });
    this.choice = make("div", { class: "wb-choice" });
    this.shadow = make("p", { class: "wb-shadow" });
    this.remarks = make("ul", { class: "wb-remarks", "aria-label": "rules" });
    this.figures = make("div", { class: "wb-figures", role: "table", "aria-label": "risk and time" });
    this.basis = make("p", { class: "wb-basis" });
    this.text = make("div", { class: "wb-text", hidden: true });
    this.duel = make("div", { class: "wb-duel", hidden: true });
    this.said = make("p", { class: "wb-said", "aria-live": "polite", role: "status" });
    const help = make("p", { class: "wb-help", id: this.help }, HELP);
    this.root.replaceChildren(
      this.title, this.bar, this.waves, this.choice, this.shadow, this.remarks, this.figures, this.basis, this.duel,
      this.text, help, this.said,
    );
  }

  draw() {
    if (this.drag) return void (this.late = true); // what is being dragged must not be drawn anew under the hand
    const view = (this.view = this.model.view());
    if (!view || !view.waves) return;
    const kept = this.root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    this.title.replaceChildren(make("strong", {}, "Wave board"), ` ${view.plan}, scenario ${view.scenario}`);
    this.buttons.undo.disabled = !view.undo;
    this.buttons.redo.disabled = !view.redo;
    this.buttons.reset.disabled = view.isToday;
    // More trials leave the waves as they are: what is being typed or pressed there must not be drawn anew either.
    const waves = JSON.stringify([view.waves, view.leftOut]);
    if (waves !== this.drawn || view.refused) this.drawWaves(view);
    this.drawn = waves;
    this.drawChoice(view);
    this.shadow.replaceChildren(make("span", {}, "Today: "), view.today);
    this.drawRemarks(view);
    this.drawFigures(view);
    this.basis.textContent = view.refused ? `${view.refused}.` : `${view.basis}. Intervals of ${view.confidence}.`;
    this.basis.classList.toggle("wb-refused", Boolean(view.refused));
    this.drawText(view.text);
    this.drawDuel(view.duel);
    const said = view.refused ? `${view.refused}.` : view.said;
    if (this.said.textContent !== said) this.said.textContent = said;
    if (this.system && this.system.length === 0) this.system.append(...view.systems.map((s) => make("option", {}, s)));
    if (kept) [...this.root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === kept)?.focus();
  }

  drawWaves(view) {
    const names = view.waves.flatMap((wave) => wave.regions.map((region) => region.name));
    if (!names.includes(this.focus)) this.focus = names[0];
    const children = [];
    view.waves.forEach((wave, w) => {
      children.push(this.gap(w), this.wave(wave, w, view));
    });
    children.push(this.gap(view.waves.length));
    if (view.leftOut?.length) {
      const chips = view.leftOut.map((region) => this.chip(region, null, view));
      children.push(make("div", { class: "wb-out" }, make("p", { class: "wb-head" }, "In no wave"), ...chips));
    }
    this.waves.replaceChildren(...children);
  }

  gap(place) {
    return make("div", { class: "wb-gap", "data-place": place, "aria-hidden": "true" }, make("span", {}, "new wave"));
  }

  wave(wave, w, view) {
    const classes = ["wb-wave", ...wave.marks.map((mark) => `wb-${mark}`)].join(" ");
    const head = make(
      "div", { class: "wb-head" }, make("b", {}, wave.title), wave.name ? ` ${wave.name}` : "",
      make("small", {}, `${wave.share} of the traffic`), wave.approval ? make("small", {}, "after an approval") : null,
    );
    const chips = make("div", { class: "wb-chips" }, wave.regions.map((region) => this.chip(region, w, view)));
    return make(
      "div", { class: classes, role: "listitem", "data-wave": w }, head, chips, this.bake(wave, w),
      w + 1 < view.waves.length ? this.joiner(w) : null,
    );
  }

  bake(wave, w) {
    if (!this.model.bakes) return make("p", { class: "wb-bake" }, `bakes ${wave.bakeText}`);
    const input = make("input", {
      type: "number", min: 0, max: 1e9, step: "any", value: wave.bake, class: "wb-input", "data-key": `bake ${w}`,
      "aria-label": `minutes that wave ${w + 1} bakes`,
    });
    let sent = input.value;
    const send = () => {
      if (!input.checkValidity() || input.value === "") return void (input.value = sent);
      if (input.value === sent) return;
      sent = input.value;
      this.model.act({ do: "bake", wave: w, minutes: Number(sent) });
    };
    input.addEventListener("change", send);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.stopPropagation(); // JupyterLab takes Enter for itself, and the field would never change
      send();
    });
    return make("label", { class: "wb-bake" }, "bakes ", input, " min");
  }

  joiner(w) {
    const made = make(
      "button",
      {
        type: "button", class: "wb-join", "data-key": `join ${w}`,
        "aria-label": `join with next: wave ${w + 1} with wave ${w + 2}`,
      },
      "join with next",
    );
    made.addEventListener("click", () => this.model.act({ do: "merge", wave: w }));
    return made;
  }

  chip(region, w, view) {
    const moved = region.today !== w;
    const classes = ["wb-chip", moved ? "wb-moved" : "", ...region.marks.map((mark) => `wb-${mark}`)].join(" ");
    const was = !moved ? "" : region.today === null ? "new" : `today in wave ${region.today + 1}`;
    const where = w === null ? "in no wave" : `wave ${w + 1} of ${view.waves.length}`;
    return make(
      "button",
      {
        type: "button", class: classes, "data-key": `region ${region.name}`, title: region.name,
        tabindex: this.focus === region.name || w === null ? 0 : -1, "aria-roledescription": "movable region",
        "aria-describedby": this.help,
        "aria-label": `${region.name.slice(0, 80)}, ${region.share} of the traffic, ${where}${was ? `, ${was}` : ""}`,
      },
      make("span", { class: "wb-name" }, region.name), make("small", {}, region.share),
      was ? make("small", { class: "wb-was" }, was) : null,
    );
  }

  drawChoice(view) {
    if (!view.choices) return void (this.choice.hidden = true);
    const made = view.choices.map((choice, n) => {
      const button = make(
        "button",
        { type: "button", class: "wb-button", "aria-pressed": String(n === view.choice), "data-key": `choice ${n}` },
        choice,
      );
      button.addEventListener("click", () => this.model.act({ do: "choose", choice: n }));
      return button;
    });
    this.choice.replaceChildren(make("span", {}, "Bakes: "), ...made);
  }

  drawRemarks(view) {
    this.remarks.hidden = view.remarks.length === 0;
    this.remarks.replaceChildren(...view.remarks.map((remark) => {
      const word = remark.kind === "broken" ? "Rule broken: " : "Practice: ";
      return make("li", { class: `wb-${remark.kind}` }, make("b", {}, word), remark.text);
    }));
  }

  drawFigures(view) {
    const head = ["", "", view.isToday ? "today’s plan" : "this plan", "today", "difference"];
    const line = (cells, kind, extra = "") => {
      const own = cells.map((cell, n) => make("div", { class: `wb-c${n}`, role: kind }, cell));
      return make("div", { class: `wb-row ${extra}`, role: "row" }, own);
    };
    const apart = (figure) => (figure.difference ? SIGNS[figure.sign] : "") + figure.difference;
    const rows = view.figures.map((figure) => line([
      make("span", { title: figure.hint }, figure.words),
      this.meter(figure),
      make("span", {}, make("b", {}, figure.value), make("small", {}, figure.interval)),
      make("span", {}, figure.today),
      make("span", { class: `wb-${figure.sign}` }, apart(figure)),
    ], "cell", `wb-${figure.group}`));
    this.figures.replaceChildren(line(head, "columnheader", "wb-heads"), ...rows);
  }

  meter(figure) {
    const known = [...figure.numbers, ...figure.shadow].filter((each) => each !== null);
    const most = Math.max(this.reach[figure.name] ?? 0, ...known.map((each) => 1.15 * each));
    this.reach[figure.name] = most;
    const at = (value) => `${most > 0 && value !== null ? (100 * value) / most : 0}%`;
    const band = (numbers, kind) => {
      const [value, low, high] = numbers;
      if (value === null) return [];
      const [a, b] = [low ?? value, high ?? value];
      const strip = make("i", { class: `wb-band ${kind}` });
      strip.style.left = at(a);
      strip.style.width = `calc(${at(b)} - ${at(a)})`;
      const mark = make("i", { class: `wb-mark ${kind}` });
      mark.style.left = at(value);
      return [strip, mark];
    };
    const own = band(figure.numbers, "wb-own");
    return make("span", { class: "wb-meter", "aria-hidden": "true" }, band(figure.shadow, "wb-today"), own);
  }

  drawText(text) {
    const fresh = text && text.turn !== this.shown;
    this.text.hidden = !text;
    if (!fresh) return;
    this.shown = text.turn;
    const area = make("textarea", { readonly: true, rows: 12, spellcheck: "false", "aria-label": text.title });
    area.value = text.text;
    const state = make("small", {}, "");
    this.text.replaceChildren(
      make("p", {}, make("b", {}, text.title), " ", state), area, ...text.remarks.map((each) => make("p", {}, each)),
    );
    const done = () => (state.textContent = "copied");
    const not = () => { state.textContent = "press Ctrl+C to copy"; area.select(); };
    if (navigator.clipboard) navigator.clipboard.writeText(text.text).then(done, not);
    else not();
  }

  drawDuel(duel) {
    this.duel.hidden = !duel;
    if (!duel || duel.turn === this.fought) return;
    this.fought = duel.turn;
    const picture = duel.picture ? make("img", { src: duel.picture, alt: duel.sentence }) : null;
    this.duel.replaceChildren(make("p", {}, make("b", {}, duel.sentence)), picture ?? "", make("p", {}, duel.caption));
  }

  press(name) {
    this.model.act(name === "pipeline" ? { do: name, system: this.system.value } : { do: name });
  }

  // The keyboard.

  key(event) {
    if (this.drag) return void (event.key === "Escape" && this.drop(null)); // what is dragged over must stay as it is
    const chip = event.target.closest?.(".wb-chip");
    const typing = event.target.closest?.("input, textarea, select");
    if ((event.ctrlKey || event.metaKey) && !typing && ["z", "y", "Z"].includes(event.key)) {
      event.preventDefault();
      return void this.model.act({ do: event.key === "z" ? "undo" : "redo" });
    }
    if (!chip || event.ctrlKey || event.metaKey || event.altKey) return;
    const region = chip.dataset.key.slice("region ".length);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, Home: -1e9, End: 1e9 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") this.shift(region, steps[event.key], event.shiftKey);
    else this.roam(region, steps[event.key]);
  }

  roam(region, step) {
    const chips = [...this.root.querySelectorAll(".wb-chip")];
    const at = chips.findIndex((chip) => chip.dataset.key === `region ${region}`);
    this.turnTo(chips[Math.min(Math.max(at + step, 0), chips.length - 1)]);
  }

  turnTo(chip) {
    for (const each of this.root.querySelectorAll(".wb-chip")) each.tabIndex = each === chip ? 0 : -1;
    this.focus = chip.dataset.key.slice("region ".length);
    chip.focus();
  }

  shift(region, step, apart) {
    const waves = this.view.waves;
    const home = waves.findIndex((wave) => wave.regions.some((each) => each.name === region));
    this.focus = region;
    const alone = home >= 0 && waves[home].regions.length === 1;
    const to = home < 0 ? (step > 0 ? 0 : waves.length - 1) : home + step;
    if (apart || to < 0 || to >= waves.length) {
      if (alone && (to < 0 || to >= waves.length)) {
        this.said.textContent = "It is alone in the outermost wave.";
        return;
      }
      const place = home < 0 ? (step > 0 ? waves.length : 0) : step < 0 ? home : home + 1;
      return void this.model.act({ do: "apart", region, place });
    }
    this.model.act({ do: "move", region, wave: to });
  }

  // The pointer: mouse, finger or pen.

  down(event) {
    const chip = event.target.closest?.(".wb-chip");
    if (!chip || event.button !== 0 || this.drag) return;
    const region = chip.dataset.key.slice("region ".length);
    this.turnTo(chip);
    this.drag = { chip, region, id: event.pointerId, x: event.clientX, y: event.clientY, ghost: null, over: null };
    const move = (next) => next.pointerId === this.drag?.id && this.pull(next);
    const up = (next) => {
      if (next.pointerId === this.drag?.id) this.drop(next.type === "pointerup" ? this.drag.over : null);
    };
    this.drag.stop = () => {
      window.removeEventListener("pointermove", move);
      for (const kind of ["pointerup", "pointercancel"]) window.removeEventListener(kind, up);
    };
    window.addEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, up);
    event.preventDefault();
  }

  pull(event) {
    const drag = this.drag;
    if (!drag.ghost) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 4) return;
      drag.ghost = drag.chip.cloneNode(true);
      drag.ghost.classList.add("wb-ghost");
      drag.ghost.style.width = `${drag.chip.offsetWidth}px`;
      this.root.append(drag.ghost);
      this.root.classList.add("wb-dragging");
      drag.chip.classList.add("wb-lifted");
      this.known(drag.region);
    }
    drag.ghost.style.left = `${event.clientX}px`;
    drag.ghost.style.top = `${event.clientY}px`;
    const edge = 48;
    if (event.clientY < edge) window.scrollBy(0, -12);
    else if (event.clientY > window.innerHeight - edge) window.scrollBy(0, 12);
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const target = under && this.root.contains(under) ? under.closest(".wb-wave, .wb-gap") : null;
    if (target !== drag.over) {
      drag.over?.classList.remove("wb-over");
      target?.classList.add("wb-over");
      drag.over = target;
    }
  }

  known(region) {
    if (!this.model.knows) return;
    for (const each of this.root.querySelectorAll(".wb-wave, .wb-gap")) {
      each.classList.toggle("wb-unknown-place", !this.model.knows(this.asked(region, each)));
    }
  }

  asked(region, target) {
    return target.dataset.wave !== undefined
      ? { do: "move", region, wave: Number(target.dataset.wave) }
      : { do: "apart", region, place: Number(target.dataset.place) };
  }

  drop(target) {
    const { region, ghost, chip, stop } = this.drag;
    stop();
    ghost?.remove();
    this.drag = null;
    chip.classList.remove("wb-lifted");
    this.root.classList.remove("wb-dragging");
    for (const each of this.root.querySelectorAll(".wb-over, .wb-unknown-place")) {
      each.classList.remove("wb-over", "wb-unknown-place");
    }
    if (this.late) { this.late = false; this.draw(); }
    if (target && ghost) this.model.act(this.asked(region, target));
  }
}
