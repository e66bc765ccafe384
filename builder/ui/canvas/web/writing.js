// A field for a text that tells Python what it holds while a person writes.
//
// Data: { text, revision, label, rows, limit }

import { make } from "./dom.js";
import { Delayed } from "./delayed.js";

class Writing {
  constructor(parent) {
    this.delayed = new Delayed(350);
    this.field = make("textarea", {
      class: "writing-field", spellcheck: "false", autocomplete: "off", oninput: () => this.change(), onblur: () => this.delayed.now(),
      onkeydown: (event) => event.stopPropagation(),
    });
    this.label = make("span", { class: "writing-label" });
    this.root = make("label", { class: "writing" }, this.label, this.field);
    parent.append(this.root);
  }

  update({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    this.label.textContent = data.label;
    this.field.rows = data.rows;
    this.field.maxLength = data.limit;
    if (data.revision === this.revision) return; // the text is the field's own; only another beginning comes from Python
    this.revision = data.revision;
    this.delayed.forget();
    this.field.value = data.text;
  }

  change() {
    const { revision } = this;
    this.delayed.later(() => this.trigger("written", { text: this.field.value, revision }));
  }

  close() {
    this.delayed.forget();
    this.root.remove();
  }
}

export default function (component) {
  const parent = component.parentElement;
  parent.writing ||= new Writing(parent);
  parent.writing.update(component);
  return () => {
    parent.writing?.close();
    delete parent.writing;
  };
}
