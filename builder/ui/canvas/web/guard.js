// Runs inside the iframe, before streamlit-flow does: both directions of its talk with Streamlit pass here first.
// `window.parent` may be replaced (HTML, [Replaceable]); listeners of the window run in the order in which they were added.
(() => {
  const desk = { incoming: null, outgoing: null, connect: null, missed: null };
  const parent = window.parent;
  window.parent = {
    postMessage(data, target) {
      if (!desk.outgoing || !desk.outgoing(data)) parent.postMessage(data, target);
    },
  };
  const listen = window.addEventListener;
  window.addEventListener = (type, handler, ...rest) => {
    const passing = (event) => {
      if (!desk.incoming) desk.missed = event.data; // streamlit-flow cannot read what the bridge has not completed
      else if (!desk.incoming(event)) handler(event);
    };
    listen.call(window, type, type === "message" ? passing : handler, ...rest);
  };
  window.desk = desk;
})();

// What React Flow would do far too often. The objects that it and React fill name by name are plain ones, so a setter of all objects
// meets what is given under a name.
(() => {
  function instead(name, given) {
    Object.defineProperty(Object.prototype, name, {
      configurable: true,
      get: () => undefined,
      set(value) {
        const real = typeof value === "function" ? given(value) : value;
        Object.defineProperty(this, name, { value: real, writable: true, enumerable: true, configurable: true });
      },
    });
  }

  // streamlit-flow makes these handlers anew whenever it renders, and React Flow would draw every node and wire again for each new
  // one: a drag of one node would draw all of them at each step. Each handler gets one lasting face that calls the newest.
  for (const name of ["onNodeClick", "onNodeContextMenu", "onEdgeClick", "onEdgeContextMenu", "onNodeDragStart", "onNodeDragStop"]) {
    let newest = null;
    const lasting = (...given) => newest(...given);
    instead(name, (handler) => {
      if (handler !== lasting) newest = handler;
      return lasting;
    });
  }

  // streamlit-flow would draw all nodes again to show a new wire before anybody else hears of it. Python draws it.
  const connect = (wire) => window.desk.connect && window.desk.connect(wire);
  instead("onConnect", () => connect);

  // The list of nodes that the store gives is a new one each time, and to whoever draws them that means new nodes: panning would
  // look at all of them in each frame. As long as the nodes are the same, so is the list.
  const kept = new WeakSet();
  instead("getNodes", (list) => {
    if (kept.has(list)) return list;
    let nodes = null, known = null;
    const keeping = function () {
      if (!this || !this.nodeInternals) return list();
      if (this.nodeInternals !== nodes) [nodes, known] = [this.nodeInternals, list()];
      return known;
    };
    kept.add(keeping);
    return keeping;
  });

  // It asks for the height of its page whenever it renders, which makes the browser lay everything out. The page has one height.
  Object.defineProperty(HTMLBodyElement.prototype, "scrollHeight", { get: () => 600 });

  // Its highlighter of program code learns dozens of languages for each node. A card shows none of them.
  Object.defineProperty(Object.prototype, "languages", { value: {}, writable: true, configurable: true });
})();
