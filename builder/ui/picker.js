// A strip of samples to choose from: pictures or words with a caption. A click tells Python which one.

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function card(item, data, choose) {
  const button = element("button", "sample-card");
  button.type = "button";
  button.dataset.item = item.id;
  button.title = item.title || item.caption;
  button.setAttribute("aria-pressed", String(item.id === data.chosen));
  if (item.picture) {
    const picture = element("img", "");
    picture.src = item.picture;
    picture.alt = "";
    button.append(picture);
  } else if (item.words) button.append(element("span", "sample-words", item.words));
  button.append(element("span", item.wrong ? "sample-caption is-wrong" : "sample-caption", item.caption));
  button.addEventListener("click", () => choose(item.id));
  return button;
}

export default function ({ data, parentElement: parent, setTriggerValue }) {
  const text = JSON.stringify(data);
  if (parent.drawn !== text) {
    parent.drawn = text;
    const strip = element("div", data.large ? "sample-strip is-large" : "sample-strip");
    strip.append(...data.items.map((item) => card(item, data, (id) => setTriggerValue("item", id))));
    parent.replaceChildren(strip);
  }
  return () => {
    parent.drawn = undefined;
  };
}
