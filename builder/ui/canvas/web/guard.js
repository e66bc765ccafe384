// Runs inside the iframe, before streamlit-flow does: both directions of its talk with Streamlit pass here first.
// `window.parent` may be replaced (HTML, [Replaceable]); listeners of the window run in the order in which they were added.
(() => {
  const desk = { incoming: null, outgoing: null };
  const parent = window.parent;
  window.parent = {
    postMessage(data, target) {
      if (!desk.outgoing || !desk.outgoing(data)) parent.postMessage(data, target);
    },
  };
  const listen = window.addEventListener;
  window.addEventListener = (type, handler, ...rest) => {
    const passing = (event) => {
      if (!desk.incoming || !desk.incoming(event)) handler(event);
    };
    listen.call(window, type, type === "message" ? passing : handler, ...rest);
  };
  window.desk = desk;
})();

// streamlit-flow makes these handlers anew whenever it renders, and React Flow would draw every node and wire again for each new
// one: a drag of one node would draw all of them at each step. React assigns them to a plain object, so a setter of all objects
// gives each handler one lasting face that calls the newest.
(() => {
  for (const name of ["onNodeClick", "onNodeContextMenu", "onEdgeClick", "onEdgeContextMenu"]) {
    let newest = null;
    const lasting = (...given) => newest(...given);
    Object.defineProperty(Object.prototype, name, {
      configurable: true,
      get: () => undefined,
      set(handler) {
        const real = typeof handler === "function";
        if (real && handler !== lasting) newest = handler;
        Object.defineProperty(this, name, { value: real ? lasting : handler, writable: true, enumerable: true, configurable: true });
      },
    });
  }
  // Its highlighter of program code learns dozens of languages for each node. A card shows none of them.
  Object.defineProperty(Object.prototype, "languages", { value: {}, writable: true, configurable: true });
})();
