// What of a push is new: the rest keeps the objects of the push before, by which React knows that nothing is to be drawn.

function equal(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => equal(one[name], other[name]));
}

// Gives the parts of a push that have not changed their former objects, so that React redraws only what is new. Says what is
// kept for the next push, and whether anything is new besides places and selection.
export function reuse(items, kept) {
  const next = new Map(), before = kept.keys();
  let changed = items.length !== kept.size;
  for (const item of items) {
    const old = kept.get(item.id) || {};
    if (before.next().value !== item.id || Object.keys(old).length !== Object.keys(item).length) changed = true;
    for (const [name, value] of Object.entries(item)) {
      if (name === "position" || name === "selected") continue;
      if (equal(old[name], value)) item[name] = old[name];
      else changed = true;
    }
    next.set(item.id, item);
  }
  return { kept: next, changed };
}
