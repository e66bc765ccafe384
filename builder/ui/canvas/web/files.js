// A file that is dropped on the desk goes into the dialog that takes graph files. Without it the browser would leave the page.

const TAKES = '.st-key-upload_file input[type="file"]';
const COMES = 15_000; // ms in which the dialog comes

const brings = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files") && !event.target.closest('[data-testid="stFileUploader"]');

export class Files {
  constructor(open) {
    this.open = open; // opens the dialog
    this.listeners = { dragover: (event) => this.over(event), drop: (event) => this.drop(event) };
    this.attach(document);
  }

  attach(doc) {
    for (const [type, handler] of Object.entries(this.listeners)) doc.addEventListener(type, handler);
  }

  close() {
    for (const [type, handler] of Object.entries(this.listeners)) document.removeEventListener(type, handler);
  }

  over(event) {
    if (!brings(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }

  drop(event) {
    if (!brings(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file) return;
    this.open();
    this.give(file, performance.now() + COMES);
  }

  // Puts a file into the dialog's field as soon as it is there; what it is good for is said there.
  give(file, until) {
    const field = document.querySelector(TAKES);
    if (field) {
      const given = new DataTransfer();
      given.items.add(file);
      field.files = given.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (performance.now() < until) setTimeout(() => this.give(file, until), 50);
  }
}
