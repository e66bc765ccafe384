// React Flow hears of Shift and Ctrl only while the canvas has the focus: coming from a field or the palette, one would pan where
// one means to select. The pointer always knows which of them are held, and says so before anything is pressed.

const HELD = { Shift: "shiftKey", Control: "ctrlKey", Meta: "metaKey" };

export function listenHeld(win) {
  const heard = new Set();
  const note = (key, down) => (down ? heard.add(key) : heard.delete(key));
  for (const type of ["keydown", "keyup"]) {
    win.addEventListener(type, (event) => event.isTrusted && event.key in HELD && note(event.key, type === "keydown"), true);
  }
  win.addEventListener("blur", () => heard.clear());
  for (const type of ["pointermove", "pointerdown"]) {
    win.addEventListener(type, (event) => {
      if (type === "pointermove" && event.buttons) return; // a drag stays what it began as
      for (const [key, flag] of Object.entries(HELD)) {
        if (event[flag] === heard.has(key)) continue;
        note(key, event[flag]);
        win.document.body.dispatchEvent(new win.KeyboardEvent(event[flag] ? "keydown" : "keyup", { key, bubbles: true }));
      }
    }, true);
  }
}
