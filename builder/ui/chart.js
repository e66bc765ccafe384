// A Plotly figure in place: the library is fetched once, new data are laid over the old figure, colours follow the theme.

const LIBRARY = new URL("PLOTLY_URL", document.baseURI).href;
const COLOUR = "(?:#[0-9a-f]{3,8}|rgba?\\([0-9., ]+\\)|data:image/png;base64,[A-Za-z0-9+/=]+)";
const PAIR = new RegExp(`^(${COLOUR})\\|(${COLOUR})$`, "i");
const CONFIG = { displaylogo: false, displayModeBar: false, doubleClick: "reset", showTips: false };

let library = null;

function plotly() {
  library ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = null;
      reject(new Error("plotly.js could not be fetched"));
    };
    document.head.append(script);
  });
  return library;
}

// Takes the colour for a light or a dark page out of each pair.
function coloured(value, dark) {
  if (typeof value === "string") {
    const pair = PAIR.exec(value);
    return pair ? pair[dark ? 2 : 1] : value;
  }
  if (Array.isArray(value)) return value.map((item) => coloured(item, dark));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, dark)]));
  }
  return value;
}

// A colour of the page, for a figure whose own paper is transparent.
const PAPER = { false: "#ffffff", true: "#16181d" };

// Saves the figure as a picture, without showing it. Once for each place on the page.
function save(parent, { figure, picture }) {
  if (parent.saved) return;
  parent.saved = true;
  plotly().then((Plotly) => {
    const dark = getComputedStyle(parent).colorScheme.includes("dark");
    const { data, layout } = coloured(JSON.parse(figure), dark);
    const shown = { data, layout: { ...layout, paper_bgcolor: PAPER[dark] } };
    const size = { width: 1000, height: layout.height || 480, scale: 2 };
    return Plotly.downloadImage(shown, { format: "png", filename: picture.replace(/\.png$/, ""), ...size });
  });
}

class Chart {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.className = "desk-chart";
    parent.append(this.root);
    this.timer = setInterval(() => this.follow(), 400);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.root);
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.observer.disconnect();
    if (window.Plotly) window.Plotly.purge(this.root);
    this.root.remove();
  }

  update({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    this.clickable = data.clickable;
    this.sheet = data.sheet;
    this.root.classList.toggle("is-clickable", Boolean(data.clickable));
    this.hideThumbnail();
    if (data.figure === this.text) return;
    this.text = data.figure;
    this.figure = JSON.parse(data.figure);
    this.root.style.minHeight = `${this.figure.layout.height || 240}px`;
    this.draw();
  }

  get dark() {
    return getComputedStyle(this.root).colorScheme.includes("dark");
  }

  // Draws again where the theme has changed.
  follow() {
    if (this.figure && this.drawn !== undefined && this.drawn !== this.dark) this.draw();
  }

  // The page makes room for another panel, or the window changes.
  resize() {
    const drawn = this.root._fullLayout;
    if (this.listening && drawn && Math.abs(drawn.width - this.root.clientWidth) > 1) window.Plotly.Plots.resize(this.root);
  }

  draw() {
    plotly().then((Plotly) => {
      if (this.closed) return;
      this.drawn = this.dark;
      const { data, layout } = coloured(this.figure, this.drawn);
      Plotly.react(this.root, data, { ...layout, autosize: true, width: undefined }, CONFIG)
        .then(() => {
          this.listen();
          this.resize();
        })
        .catch((error) => {
          if (!this.closed) throw error; // a chart that is taken away while it is drawn has nothing to report
        });
    });
  }

  // The picture of the point under the pointer, above it.
  showThumbnail(event) {
    const { sheet } = this;
    const point = event.points[0];
    const place = sheet && point ? sheet.items.indexOf(point.customdata) : -1;
    if (place < 0) return;
    if (!this.thumbnail?.isConnected) {
      this.thumbnail = document.createElement("div");
      this.thumbnail.className = "chart-thumbnail";
      this.root.append(this.thumbnail);
    }
    const scale = 84 / Math.max(sheet.width, sheet.height);
    const [width, height] = [sheet.width * scale, sheet.height * scale];
    const { left, top } = this.root.getBoundingClientRect();
    const column = place % sheet.columns;
    const row = Math.floor(place / sheet.columns);
    Object.assign(this.thumbnail.style, {
      display: "block",
      width: `${width}px`,
      height: `${height}px`,
      left: `${Math.max(4, event.event.clientX - left - width - 14)}px`,
      top: `${event.event.clientY - top - height / 2}px`,
      backgroundImage: `url("${sheet.uri}")`,
      backgroundSize: `${sheet.columns * width}px ${sheet.rows * height}px`,
      backgroundPosition: `${-column * width}px ${-row * height}px`,
    });
  }

  hideThumbnail() {
    if (this.thumbnail) this.thumbnail.style.display = "none";
  }

  listen() {
    if (this.listening || this.closed) return;
    this.listening = true;
    this.root.on("plotly_hover", (event) => this.showThumbnail(event));
    this.root.on("plotly_unhover", () => this.hideThumbnail());
    this.root.on("plotly_click", (event) => {
      const point = event.points.find((item) => item.customdata !== undefined && item.customdata !== null);
      if (!this.clickable || !point) return;
      const said = point.customdata; // of an array of numbers it is a typed array, which would be sent as an object
      this.trigger("point", ArrayBuffer.isView(said) ? Array.from(said) : said);
    });
  }
}

export default function (component) {
  const parent = component.parentElement;
  if (component.data.picture) {
    save(parent, component.data);
    return () => {};
  }
  if (!parent.chart) parent.chart = new Chart(parent);
  const chart = parent.chart;
  chart.update(component);
  return () => {
    chart.close();
    delete parent.chart;
  };
}
