// A style sheet of the canvas that comes and goes apart from the graph: the bridge wears it beside its own.

export default function ({ data }) {
  window.deskPaint = data.css;
  return () => {
    window.deskPaint = "";
  };
}
