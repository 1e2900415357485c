// The board's hands: what people drag, type and hear. They decide nothing: a model says what there is (`view`), is asked
// for acts (`act`), each with the number of acts that was seen when it was asked, and tells when there is something new
// (`on`). Not here: what is seen (faces.js), the model of a notebook (live.js), that of a page without a kernel
// (still.js).

const NARROW = 780; // pixels of its own width, below which there is one column

class Hands {
  constructor(root, model) {
    this.root = root;
    this.model = model;
    this.live = model.live;
    this.bakes = model.bakes;
    this.reach = {}; // the longest bar of each figure so far: bars of one board can be compared from move to move
    this.focus = null; // the region that the tab key comes to
    this.help = `wb-help-${Math.random().toString(36).slice(2)}`; // each board on a page has a script of its own
    this.copied = ""; // what became of the text that was to be copied last
    this.shut = null; // the turn of the answer that was closed last
    this.drag = null;
    root.hands = this; // for those who look from outside, such as tests
    root.classList.add("wb");
    if (this.live) root.classList.add("wb-live");
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab has shortcuts on arrows, z and Enter
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Wave board");
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("pointerdown", (event) => this.down(event));
    root.addEventListener("click", (event) => this.press(event.target.closest?.("[data-act]")?.dataset));
    root.addEventListener("change", (event) => event.target.classList.contains("wb-input") && this.bake(event.target));
    model.on(() => this.draw());
    new ResizeObserver(() => root.classList.toggle("wb-narrow", root.clientWidth < NARROW)).observe(root);
    this.draw();
  }

  act(asked) {
    this.model.act({ ...asked, seen: this.view.acts });
  }

  draw() {
    if (this.drag) return void (this.late = true); // what is being dragged must not be drawn anew under the hand
    const view = this.model.view();
    if (!view || !view.waves) return;
    const fresh = view.text && view.text.turn !== this.view?.text?.turn;
    this.view = view;
    if (fresh) this.copied = "";
    this.paint();
    for (const input of this.inputs) {
      input.sent = undefined;
      if (view.refused) input.value = input.worn.value;
    }
    if (fresh) this.copy(view.text.text);
  }

  /** Make the page what the view says; the focus goes where its region goes. */
  paint() {
    const { waves } = this.view;
    const names = waves.flatMap((wave) => wave.regions.map((region) => region.name));
    if (!names.includes(this.focus)) this.focus = names[0];
    const kept = this.root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    patch(this.root, faces(this.view, this));
    if (!kept || document.activeElement?.dataset.key === kept) return;
    [...this.root.querySelectorAll("[data-key]")].find((each) => each.dataset.key === kept)?.focus();
  }

  get inputs() {
    return this.root.querySelectorAll(".wb-input");
  }

  copy(text) {
    const area = this.root.querySelector(".wb-text textarea");
    const say = (words) => { this.copied = words; this.paint(); };
    const not = () => { area.select(); say("press Ctrl+C to copy"); };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => say("copied"), not);
    else not();
  }

  press(asked) {
    if (!asked) return;
    if (asked.act === "close") {
      this.shut = Number(asked.turn);
      return void this.paint();
    }
    const act = { do: asked.act };
    for (const name of ["wave", "choice"]) if (name in asked) act[name] = Number(asked[name]);
    if (asked.act === "pipeline") act.system = this.root.querySelector(".wb-select").value;
    this.act(act);
  }

  bake(input) {
    if (!input.checkValidity() || input.value === "") return void (input.value = input.worn.value);
    if (input.value === (input.sent ?? input.worn.value)) return;
    input.sent = input.value;
    this.act({ do: "bake", wave: Number(input.dataset.wave), minutes: Number(input.value) });
  }

  // The keyboard.

  key(event) {
    if (this.drag) return void (event.key === "Escape" && this.drop(null)); // what is dragged over must stay as it is
    const chip = event.target.closest?.(".wb-chip");
    const typing = event.target.closest?.("input, textarea, select");
    if (typing?.classList.contains("wb-input") && event.key === "Enter") {
      event.stopPropagation(); // JupyterLab takes Enter for itself, and the field would never change
      return void this.bake(typing);
    }
    if ((event.ctrlKey || event.metaKey) && !typing && ["z", "y", "Z"].includes(event.key)) {
      event.preventDefault();
      return void this.act({ do: event.key === "z" ? "undo" : "redo" });
    }
    if (!chip || event.ctrlKey || event.metaKey || event.altKey) return;
    const region = chip.dataset.key.slice("region ".length);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, Home: -1e9, End: 1e9 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const by = steps[event.key];
    // Where a step leads is the model's to say: by then an earlier key may have moved the region on.
    if (["ArrowLeft", "ArrowRight"].includes(event.key)) this.act({ do: "step", region, by, apart: event.shiftKey });
    else this.roam(region, by);
  }

  roam(region, step) {
    const chips = [...this.root.querySelectorAll(".wb-chip")];
    const at = chips.findIndex((chip) => chip.dataset.key === `region ${region}`);
    this.turnTo(chips[Math.min(Math.max(at + step, 0), chips.length - 1)]);
  }

  turnTo(chip) {
    this.focus = chip.dataset.key.slice("region ".length);
    this.paint();
    chip.focus();
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
    follow(drag.ghost, event.clientX, event.clientY);
    const edge = 48, panel = this.panel(), { top, bottom } = within(panel);
    if (event.clientY < Math.max(top, this.covered(top)) + edge) panel.scrollBy(0, -12);
    else if (event.clientY > bottom - edge) panel.scrollBy(0, 12);
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const target = under && this.root.contains(under) ? under.closest(".wb-wave, .wb-gap") : null;
    if (target !== drag.over) {
      drag.over?.classList.remove("wb-over");
      target?.classList.add("wb-over");
      drag.over = target;
    }
  }

  /** Return what scrolls: in JupyterLab a panel, on a page the window. */
  panel() {
    for (let at = this.root.parentElement; at && at !== document.body; at = at.parentElement) {
      if (at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
    }
    return document.scrollingElement;
  }

  /** Return down to where figures that stay in sight cover the waves. */
  covered(top) {
    const narrow = this.root.classList.contains("wb-narrow");
    const box = this.root.querySelector(narrow ? ".wb-heads + .wb-row" : ".wb-figures").getBoundingClientRect();
    return box.top < top + 2 ? box.bottom : top;
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
    if (target && ghost) this.act(this.asked(region, target)); // for what was seen: before a late view is drawn
    if (this.late) { this.late = false; this.draw(); }
  }
}

// Returns between which heights of the window a panel is seen.
function within(panel) {
  if (panel === document.scrollingElement) return { top: 0, bottom: window.innerHeight };
  const { top, bottom } = panel.getBoundingClientRect();
  return { top: Math.max(top, 0), bottom: Math.min(bottom, window.innerHeight) };
}

// Keeps what is dragged under the pointer, also where "fixed" is not to the window: within JupyterLab's panels it is not.
function follow(ghost, x, y) {
  ghost.style.left = `${x}px`;
  ghost.style.top = `${y}px`;
  const box = ghost.getBoundingClientRect();
  ghost.style.left = `${2 * x - box.left - box.width / 2}px`;
  ghost.style.top = `${2 * y - box.top - box.height / 2}px`;
}
