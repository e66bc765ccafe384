// Whether the app has nothing left to run.
export function idle() {
  return document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState !== "running";
}

// A DOM element with attributes (a name that begins with "on" is a listener) and children; text is never read as HTML.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
