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
