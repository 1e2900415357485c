// What is to be seen of a board: from its view, which is plain values, to a description that patch.js makes true.
// Not here: what hands do (hands.js), what it looks like (board.css).

const HELP =
  "Drag a region with mouse or finger, or use the keyboard: arrow left or right moves it a wave earlier or later, " +
  "with shift into a new wave of its own; arrow up or down goes from region to region; Ctrl+Z undoes.";
const TIMES = "Times are those of the changes that ship: a time to ship counts halted attempts, too.";
const spread = ({ value, interval }) => (interval === "unknown" && value !== "unknown" ? "interval unknown" : interval);
const SIGNS = { better: "▼ ", worse: "▲ ", open: "≈ ", same: "", unknown: "? " };

/**
 * Return all of a board; `own` is what the hands know beside the view: focus, reach, help, live, bakes, copied, shut.
 * Figures and answers stand above the waves: where one looks, however many waves there are.
 */
function faces(view, own) {
  const open = (answer) => (answer && answer.turn !== own.shut ? answer : null);
  return [
    h("p", { class: "wb-title" }, h("strong", {}, "Wave board"), ` ${view.plan}, scenario ${view.scenario}`),
    bar(view, own),
    h("p", { class: "wb-refused", hidden: !view.refused }, view.refused ? `${view.refused}.` : ""),
    h("div", { class: "wb-duel", hidden: !open(view.duel) }, duel(open(view.duel))),
    h("div", { class: "wb-text", hidden: !open(view.text) }, copied(open(view.text), own)),
    h("div", { class: "wb-figures", role: "table", "aria-label": "risk and time" }, figures(view, own)),
    h("div", { class: "wb-waves", role: "list", "aria-label": "waves, in order" }, waves(view, own)),
    h("div", { class: "wb-choice", hidden: !view.choices }, choices(view)),
    h("ul", { class: "wb-remarks", "aria-label": "rules", hidden: view.remarks.length === 0 }, remarks(view)),
    h("p", { class: "wb-shadow" }, h("span", {}, "Today: "), view.today),
    h("p", { class: "wb-basis" }, `${view.basis}. Intervals of ${view.confidence}. ${TIMES}`),
    h("p", { class: "wb-help", id: own.help }, HELP),
    h("p", { class: "wb-said", "aria-live": "polite", role: "status" }, view.refused ? `${view.refused}.` : view.said),
  ];
}

function button(act, words, more = {}) {
  return h("button", { type: "button", class: "wb-button", "data-act": act, ...more }, words);
}

function bar(view, { live }) {
  const systems = h(
    "select", { class: "wb-select", "aria-label": "system of the pipeline" },
    view.systems.map((system) => h("option", {}, system)),
  );
  return h(
    "div", { class: "wb-bar" },
    button("undo", "Undo", { disabled: !view.undo }), button("redo", "Redo", { disabled: !view.redo }),
    button("reset", "Today’s plan", { disabled: view.isToday }),
    h(
      "span", { class: "wb-extras" }, button("plan", "Copy as plan"),
      live ? [button("pipeline", "Copy as pipeline"), systems, button("explain", "Explain")] : null,
    ),
  );
}

function waves(view, own) {
  const gap = (place) => h(
    "div", { class: "wb-gap", "data-place": place, "aria-hidden": "true" }, h("span", {}, "new wave"),
  );
  const left = view.leftOut.map((region) => chip(region, null, null, view, own));
  const homes = kept(view.waves);
  return [
    view.waves.map((each, w) => [gap(w), wave(each, w, homes[w], view, own)]),
    gap(view.waves.length),
    left.length ? h("div", { class: "wb-out" }, h("p", { class: "wb-head" }, "In no wave"), left) : null,
  ];
}

/**
 * Return of each wave which of today's it goes on from, or null: that of most of its regions, each of today's once, in
 * today's order. Those that are left over have been moved, and the later ones only have another number.
 */
function kept(waves) {
  const most = waves.map(({ regions }) => {
    const homes = regions.map((region) => region.today).filter((home) => home !== null);
    const many = (home) => homes.filter((each) => each === home).length;
    const best = [...new Set(homes)].sort((a, b) => many(b) - many(a) || a - b)[0];
    return best === undefined ? null : { home: best, many: many(best) };
  });
  const best = []; // by wave, of the runs of today's order that end there the one with most regions that stay
  most.forEach((own, w) => {
    if (!own) return;
    const before = [...best.keys()].filter((each) => best[each] && most[each].home < own.home);
    const last = before.reduce((one, each) => (one === null || best[each].stay > best[one].stay ? each : one), null);
    best[w] = { stay: own.many + (last === null ? 0 : best[last].stay), last };
  });
  const found = waves.map(() => null);
  const ends = [...best.keys()].filter((w) => best[w]);
  let at = ends.reduce((one, w) => (one === null || best[w].stay > best[one].stay ? w : one), null);
  for (; at !== null; at = best[at].last) found[at] = most[at].home;
  return found;
}

function wave(wave, w, home, view, own) {
  const classes = ["wb-wave", ...wave.marks.map((mark) => `wb-${mark}`)].join(" ");
  return h(
    "div", { class: classes, role: "listitem", "data-wave": w },
    h(
      "div", { class: "wb-head" }, h("b", {}, wave.title), wave.name ? ` ${wave.name}` : "",
      h("small", {}, `${wave.share} of the traffic`), wave.approval ? h("small", {}, "after an approval") : null,
    ),
    h("div", { class: "wb-chips" }, wave.regions.map((region) => chip(region, w, home, view, own))),
    own.bakes ? bake(wave, w) : h("p", { class: "wb-bake" }, `bakes ${wave.bakeText}`),
    w + 1 < view.waves.length ? joiner(w) : null,
  );
}

function bake(wave, w) {
  const input = h("input", {
    type: "number", min: 0, max: 1e9, step: "any", value: String(wave.bake), class: "wb-input",
    "data-key": `bake ${w}`, "data-wave": w, "aria-label": `minutes that wave ${w + 1} bakes`,
  });
  return h("label", { class: "wb-bake" }, "bakes ", input, " min");
}

function joiner(w) {
  const label = `join with next: wave ${w + 1} with wave ${w + 2}`;
  return h(
    "button",
    {
      type: "button", class: "wb-join", "data-act": "merge", "data-wave": w, "data-key": `join ${w}`,
      "aria-label": label,
    },
    "join with next",
  );
}

function chip(region, w, home, view, { focus, help }) {
  const moved = w !== null && region.today !== home;
  const classes = ["wb-chip", moved ? "wb-moved" : "", ...region.marks.map((mark) => `wb-${mark}`)].join(" ");
  const was = !moved ? "" : region.today === null ? "new" : `today in wave ${region.today + 1}`;
  const where = w === null ? "in no wave" : `wave ${w + 1} of ${view.waves.length}`;
  return h(
    "button",
    {
      type: "button", class: classes, "data-key": `region ${region.name}`, title: region.name,
      tabindex: focus === region.name || w === null ? 0 : -1, "aria-roledescription": "movable region",
      "aria-describedby": help,
      "aria-label": `${region.name.slice(0, 80)}, ${region.share} of the traffic, ${where}${was ? `, ${was}` : ""}`,
    },
    h("span", { class: "wb-name" }, region.name), h("small", {}, region.share),
    was ? h("small", { class: "wb-was" }, was) : null,
  );
}

function choices(view) {
  const made = (view.choices ?? []).map((choice, n) => button("choose", choice, {
    "aria-pressed": String(n === view.choice), "data-choice": n, "data-key": `choice ${n}`,
  }));
  return [h("span", {}, "Bakes: "), made];
}

function remarks(view) {
  return view.remarks.map((remark) => h(
    "li", { class: `wb-${remark.kind}` }, h("b", {}, remark.kind === "broken" ? "Rule broken: " : "Practice: "),
    remark.text,
  ));
}

function figures(view, own) {
  const line = (cells, kind, extra) => h(
    "div", { class: `wb-row ${extra}`, role: "row" },
    cells.map((cell, n) => h("div", { class: `wb-c${n}`, role: kind }, cell)),
  );
  const head = ["", "", view.isToday ? "today’s plan" : "this plan", "today", "difference"];
  const rows = view.figures.map((figure) => line([
    h("span", { title: figure.hint }, figure.words),
    meter(figure, own.reach),
    h("span", {}, h("b", {}, figure.value), h("small", {}, spread(figure))),
    h("span", {}, figure.today),
    h("span", { class: `wb-${figure.sign}` }, (figure.difference ? SIGNS[figure.sign] : "") + figure.difference),
  ], "cell", `wb-${figure.group}`));
  return [line(head, "columnheader", "wb-heads"), rows];
}

function meter(figure, reach) {
  const known = [...figure.numbers, ...figure.shadow].filter((each) => each !== null);
  const most = (reach[figure.name] = Math.max(reach[figure.name] ?? 0, ...known.map((each) => 1.15 * each)));
  const at = (value) => `${most > 0 && value !== null ? (100 * value) / most : 0}%`;
  const band = ([value, low, high], kind) => {
    if (value === null) return [];
    const [a, b] = [at(low ?? value), at(high ?? value)];
    return [
      h("i", { class: `wb-band ${kind}`, style: `left: ${a}; width: calc(${b} - ${a})` }),
      h("i", { class: `wb-mark ${kind}`, style: `left: ${at(value)}` }),
    ];
  };
  const both = [band(figure.shadow, "wb-today"), band(figure.numbers, "wb-own")];
  return h("span", { class: "wb-meter", "aria-hidden": "true" }, both);
}

function close(answer) {
  return button("close", "Close", { "data-turn": answer.turn, "data-key": "close", "aria-label": "close the answer" });
}

function copied(text, { copied: state }) {
  if (!text) return [];
  return [
    h("p", { class: "wb-answer" }, h("b", {}, text.title), " ", h("small", { role: "status" }, state), close(text)),
    h("textarea", { readonly: true, rows: 9, spellcheck: "false", "aria-label": text.title, value: text.text }),
    text.remarks.map((each) => h("p", {}, each)),
  ];
}

function duel(duel) {
  if (!duel) return [];
  const picture = duel.picture ? h("img", { src: duel.picture, alt: duel.sentence }) : null;
  const said = h("p", { class: "wb-answer" }, h("b", { role: "status" }, duel.sentence), close(duel));
  return [said, picture, h("p", {}, h("small", {}, duel.caption))];
}
