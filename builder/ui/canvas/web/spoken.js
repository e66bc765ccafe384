// Roles and names for those who hear the page: on elements that Streamlit and React Flow draw, which leave these attributes alone.

// Written only where it differs: every write wakes the browser's accessibility tree.
function mark(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// The page around the canvas: its parts, and buttons that show an icon alone.
export function namePage({ places, commands }) {
  for (const { at, role, name } of places) for (const element of document.querySelectorAll(at)) mark(element, { role, "aria-label": name });
  for (const { name, label } of commands) for (const button of document.querySelectorAll(`.st-key-${name} [data-testid^="stBaseButton"]`)) if (!/\p{L}/u.test(button.querySelector("p")?.textContent || "")) mark(button, { "aria-label": label });
}

// The canvas: React Flow names its nodes and wires itself, in English what can be done with them.
export function nameCanvas(doc, strings) {
  const flow = doc.querySelector(".react-flow");
  if (!flow) return;
  mark(flow, { role: "application", "aria-label": strings.spoken_canvas, "aria-description": strings.spoken_help });
  for (const help of doc.querySelectorAll('[id^="react-flow__node-desc"], [id^="react-flow__edge-desc"]')) if (help.textContent !== strings.spoken_help) help.textContent = strings.spoken_help;
  for (const live of doc.querySelectorAll('[id^="react-flow__aria-live"]')) mark(live, { "aria-live": "off" });
  for (const node of doc.querySelectorAll(".react-flow__node.body")) mark(node, { "aria-roledescription": strings.spoken_node });
  for (const pin of doc.querySelectorAll(".react-flow__node.pin:not([role])")) mark(pin, { role: "img" });
}
