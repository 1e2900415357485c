// The board's model in a notebook: Python decides, and says what there is in the trait `view`.
// Not here: what is seen (faces.js, hands.js).

const IDLE = 200; // milliseconds without an act, after which more trials are asked for

export default {
  render({ model, el }) {
    let waiting = null;
    const sharpen = () => model.send({ do: "sharpen", turn: model.get("view").turn });
    const ask = () => {
      clearTimeout(waiting);
      if (model.get("view").sharper) waiting = setTimeout(sharpen, IDLE);
    };
    const listeners = [];
    const changed = () => { for (const each of listeners) each(); ask(); };
    // Some more were run, too few to be worth a look; what was moved meanwhile is answered before the next are.
    const more = (said) => { if (said.more === model.get("view").turn) { clearTimeout(waiting); sharpen(); } };
    model.on("change:view", changed);
    model.on("msg:custom", more);
    const root = document.createElement("div");
    el.append(root);
    new Hands(root, {
      live: true,
      bakes: true,
      view: () => model.get("view"),
      act: (asked) => { clearTimeout(waiting); model.send(asked); },
      on: (listener) => listeners.push(listener),
    });
    ask();
    return () => {
      clearTimeout(waiting);
      model.off("change:view", changed);
      model.off("msg:custom", more);
    };
  },
};
