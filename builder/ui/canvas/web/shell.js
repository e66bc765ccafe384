// What every page needs in the browser: the switch between light and dark, kept for all pages, a mark of which one it is, and
// links to copy.

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

// Copies the address of a link; where the page may not use the clipboard (no https), by way of a selected field.
async function copyLink(link) {
  try {
    await navigator.clipboard.writeText(link.href);
  } catch {
    const field = document.createElement("textarea");
    field.value = link.href;
    link.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  link.classList.add("copied");
  setTimeout(() => link.classList.remove("copied"), 1800);
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
      const link = event.target.closest("a.card-link");
      if (link && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        event.stopPropagation();
        copyLink(link);
      }
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
