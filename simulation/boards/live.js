// The board's model in a notebook: Python decides, and says what there is in the trait `view`.
// Not here: what is seen (faces.js, hands.js).

const IDLE = 200; // milliseconds without an act, after which more trials are asked for

export default {
  render({ model, el }) {
    let waiting = null;
    const ask = () => {
      clearTimeout(waiting);
      const view = model.get("view");
      if (view.sharper) waiting = setTimeout(() => model.send({ do: "sharpen", turn: view.turn }), IDLE);
    };
    const listeners = [];
    const changed = () => { for (const each of listeners) each(); ask(); };
    model.on("change:view", changed);
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
    return () => { clearTimeout(waiting); model.off("change:view", changed); };
  },
};
