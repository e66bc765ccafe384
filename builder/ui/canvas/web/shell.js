// What every page needs in the browser: the switch between light and dark, kept for all pages, and a mark of which one it is.

const KEPT = "layerloom.theme";

function luminance(colour) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillStyle = colour;
  const hex = /^#(..)(..)(..)$/.exec(pen.fillStyle);
  const [r, g, b] = hex ? hex.slice(1).map((h) => parseInt(h, 16) / 255) : [1, 1, 1];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// Streamlit's own menu, which the page hides, holds the switch; it is opened, used and closed at once.
function choose(name) {
  const menu = document.querySelector('[data-testid="stMainMenuButton"]');
  if (!menu) return;
  menu.click();
  const pick = (tries) => {
    const item = document.querySelector(`[data-testid="stMainMenuItem-theme-${name}"]`);
    if (item) {
      item.click();
      setTimeout(() => {
        if (document.querySelector('[data-testid="stMainMenuPopover"]')) menu.click();
      }, 50);
    } else if (tries > 0) setTimeout(() => pick(tries - 1), 30);
  };
  pick(20);
}

export default function ({ parentElement }) {
  const background = getComputedStyle(parentElement).getPropertyValue("--st-background-color").trim();
  const now = luminance(background) > 0.5 ? "Light" : "Dark";
  document.documentElement.dataset.desk = now.toLowerCase();
  const nav = document.querySelector(".st-key-nav");
  if (nav) document.documentElement.style.setProperty("--nav-end", `${Math.round(nav.getBoundingClientRect().right + 14)}px`);
  const kept = localStorage.getItem(KEPT);
  if ((kept === "Light" || kept === "Dark") && kept !== now && !parentElement.chosen) {
    parentElement.chosen = true; // once a page: where it does not work there is no second try
    choose(kept);
  }
  if (!parentElement.listening) {
    parentElement.listening = (event) => {
      if (!event.target.closest(".st-key-theme button")) return;
      event.preventDefault();
      event.stopPropagation();
      const other = document.documentElement.dataset.desk === "dark" ? "Light" : "Dark";
      localStorage.setItem(KEPT, other);
      choose(other);
    };
    document.addEventListener("click", parentElement.listening, true);
  }
  return () => {
    document.removeEventListener("click", parentElement.listening, true);
    parentElement.listening = null;
  };
}
