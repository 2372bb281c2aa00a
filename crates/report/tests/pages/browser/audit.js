// What a page is asked for by the tests: faults as texts, none where all is well.
(() => {
  // Red, green, blue (0 to 1) and opacity of a computed colour, in either of the forms that Chromium writes.
  const colour = (text) => {
    const numbers = (text.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
    if (text.startsWith("color(srgb")) return [...numbers.slice(0, 3), numbers[3] ?? 1];
    if (text.startsWith("rgb")) return [...numbers.slice(0, 3).map((v) => v / 255), numbers[3] ?? 1];
    throw new Error(`a colour of another form: ${text}`);
  };
  const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
  const luminance = (rgb) => {
    const linear = rgb.slice(0, 3).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const background = (element) => {
    const layers = [];
    for (let part = element; part; part = part.parentElement) layers.push(colour(getComputedStyle(part).backgroundColor));
    const canvas = getComputedStyle(document.documentElement).colorScheme === "dark" ? [0, 0, 0, 1] : [1, 1, 1, 1];
    return layers.reverse().reduce((back, front) => over(front, back), canvas);
  };
  const visible = (element) => element.checkVisibility({ contentVisibilityAuto: false, opacityProperty: true, visibilityProperty: true });
  const name = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} "${element.textContent.trim().slice(0, 40)}"`;
  const isBelow = (row) => row.classList.contains("below");
  const words = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = new Set();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      const hidden = ["SCRIPT", "STYLE", "TITLE", "title"].includes(element.tagName);
      if (node.data.trim() && !hidden && visible(element)) found.add(element);
    }
    return [...found];
  };
  return {
    unfold: () => document.querySelectorAll("details").forEach((part) => (part.open = true)),
    texts: () => words().length,
    // WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 for letters of 24 px, or of 18.66 px in bold.
    contrast: () =>
      words().flatMap((element) => {
        const style = getComputedStyle(element);
        const [size, bold] = [parseFloat(style.fontSize), Number(style.fontWeight) >= 600];
        const least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
        const back = background(element);
        const ink = colour(element.namespaceURI.endsWith("svg") ? style.fill : style.color);
        const found = ratio(over(ink, back), back);
        return found < least ? [`${found.toFixed(2)} to 1: ${name(element)}`] : [];
      }),
    // What reaches beyond the screen, but for what scrolls in a frame of its own.
    wide: () => {
      const most = document.documentElement.clientWidth;
      const framed = (element) => {
        for (let part = element; part; part = part.parentElement) if (["auto", "scroll"].includes(getComputedStyle(part).overflowX)) return true;
        return false;
      };
      const faults = document.documentElement.scrollWidth > most ? [`the page is ${document.documentElement.scrollWidth} px wide`] : [];
      for (const element of document.body.querySelectorAll("*")) {
        const box = element.getBoundingClientRect();
        if (box.width && visible(element) && (box.right > most + 0.5 || box.left < -0.5) && !element.closest("svg *") && !framed(element)) {
          faults.push(`${Math.round(box.left)} to ${Math.round(box.right)}: ${name(element)}`);
        }
      }
      return faults;
    },
    // Pictures without words, plots without a name, controls without a label, a level of heading left out.
    unnamed: () => {
      const faults = [...document.images].filter((image) => !image.alt.trim() || !image.complete || !image.naturalWidth).map((i) => `img ${i.alt}`);
      faults.push(...[...document.querySelectorAll("svg")].filter((svg) => !svg.getAttribute("aria-label")?.trim()).map(() => "svg"));
      faults.push(...[...document.querySelectorAll("button, a, summary")].filter((e) => visible(e) && !e.textContent.trim()).map((e) => e.outerHTML));
      const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((heading) => Number(heading.tagName[1]));
      levels.forEach((level, i) => level > (levels[i - 1] ?? 0) + 1 && faults.push(`h${level} after h${levels[i - 1] ?? 0}`));
      return faults;
    },
    // Presses every heading of every table, and compares the order with that of the values.
    unsorted: (most = 1e9) => {
      const faults = [];
      for (const table of [...document.querySelectorAll("table.sortable")].filter((t) => t.tBodies[0].rows.length <= most)) {
        // A row of notes belongs to the row above it.
        const parted = () => [...table.tBodies[0].rows].map((row) => (isBelow(row) ? row.previousElementSibling.outerHTML : "") + row.outerHTML);
        [...table.tHead.rows[0].cells].forEach((head, column) => {
          const before = parted().sort().join();
          for (const direction of ["ascending", "descending"]) {
            head.querySelector("button").click();
            const cells = [...table.tBodies[0].rows].filter((row) => !isBelow(row)).map((row) => row.cells[column]);
            const texts = cells.map((cell) => cell.dataset.value ?? cell.textContent.trim().replace("\u2212", "-"));
            const numbers = texts.map(parseFloat).filter((v) => !Number.isNaN(v));
            const right = numbers.every((v, i) => i === 0 || (direction === "ascending" ? numbers[i - 1] <= v : numbers[i - 1] >= v));
            const empty = texts.map((t) => Number.isNaN(parseFloat(t)));
            const last = numbers.length === 0 || empty.lastIndexOf(false) < numbers.length;
            if (!right || !last || head.getAttribute("aria-sort") !== direction) faults.push(`${name(head)} ${direction}: ${texts.slice(0, 9)}`);
          }
          if (parted().sort().join() !== before) faults.push(`${name(head)} lost rows`);
        });
      }
      return faults;
    },
  };
})()
