// Ranks palette entries for a query: names and keywords in both languages, fragments, abbreviations and small slips.

export function normal(text) {
  return (text || "").normalize("NFKC").toLowerCase().trim();
}

export function words(text) {
  return normal(text).split(/[\s_/()\[\],.;:·、，。+&-]+/u).filter(Boolean);
}

// Whether the letters of `part` occur in `whole` in order; the shorter the stretch they span, the better (0 to 1).
export function abbreviation(part, whole) {
  if (part.length < 2 || part[0] !== whole[0]) return 0;
  let at = -1;
  for (const letter of part) {
    at = whole.indexOf(letter, at + 1);
    if (at < 0) return 0;
  }
  return part.length / (at + 1);
}

// Whether two words differ by at most one letter inserted, left out, replaced or swapped with its neighbour.
export function oneSlip(a, b) {
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  const restA = a.slice(i), restB = b.slice(i);
  return (
    restA.slice(1) === restB || restA === restB.slice(1) || restA.slice(1) === restB.slice(1) ||
    (restA.length > 1 && restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
  );
}

// What of an entry is searched, prepared once.
export function indexed(entry) {
  const names = [entry.name, entry.name_zh, entry.id].map(normal);
  return {
    entry, names,
    length: names[0].replace(/\s*[(（].*$/u, "").length, // what stands in brackets is an addition
    nameWords: names.flatMap(words),
    keyWords: words(entry.keywords),
    keywords: normal(entry.keywords),
    families: normal(`${entry.family} ${entry.family_label || ""}`),
    help: normal(`${entry.help} ${entry.help_zh}`),
  };
}

function scoreOf(token, item) {
  if (item.names.some((n) => n === token)) return 120;
  if (item.names.slice(0, 2).some((n) => n.startsWith(token))) return 112 - Math.min(20, item.length / 4);
  if (!/^[a-z]/.test(token) && item.keyWords.includes(token)) return 105; // Chinese names have no words that could begin so
  if (item.nameWords.some((w) => w.startsWith(token))) return 100 - Math.min(20, item.length / 4);
  if (item.names.some((n) => n.includes(token))) return 70;
  if (item.keyWords.some((w) => w.startsWith(token))) return 60;
  if (item.keywords.includes(token)) return 50;
  if (item.families.includes(token)) return 40;
  const all = [...item.nameWords, ...item.keyWords];
  const close = Math.max(0, ...all.map((w) => abbreviation(token, w)));
  if (close >= 0.5) return 20 + 20 * close;
  if (token.length >= 4 && all.some((w) => oneSlip(token, w) || (w.length > token.length && oneSlip(token, w.slice(0, token.length))))) return 25;
  if (item.help.includes(token)) return 15;
  return 0;
}

// The entries that match every word of the query, the best first.
export function rank(index, query) {
  const tokens = words(query);
  if (!tokens.length) return [];
  const found = [];
  for (const item of index) {
    const scores = tokens.map((t) => scoreOf(t, item));
    if (Math.min(...scores) > 0) found.push([scores.reduce((a, b) => a + b), item]);
  }
  found.sort((a, b) => b[0] - a[0] || a[1].length - b[1].length || (a[1].names[0] < b[1].names[0] ? -1 : 1));
  return found.map(([, item]) => item.entry);
}
