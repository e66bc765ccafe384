// Elements of a push as React Flow takes them: Python sends of each what is its own, and what is the same for all of a kind once.

export function whole({ like, pos, content = "", ...own }, kinds) {
  const element = { ...kinds[like], ...own };
  if (like === "wire") return element;
  const { width, height } = element;
  return { ...element, position: { x: pos[0], y: pos[1] }, data: { content }, style: { width: `${width}px`, height: `${height}px` } };
}
