(() => {
  "use strict";
  // What the server drew is there without this script, and comes back when the whole run
  // is in view. Zoomed, everything is drawn anew from the detail in the page, in the same
  // coordinates: W right across and H down. The view is the time from `from` to `to`.
  const element = document.getElementById("chart-data");
  if (!element) return;
  const data = JSON.parse(element.textContent);
  const W = 20000, H = 10000, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
  const make = (tag, name, parent, more) => parent.appendChild(Object.assign(document.createElement(tag), { className: name }, more));
  const lazy = compute => { let value; return () => value === undefined ? value = compute() : value; };
  const { months, plain, clock, stamp, dayName, unpack, sums, scaled, column, instants, niceStep } = numbers;
  let from = data.from, to = data.to;
  const whole = () => from === data.from && to === data.to;

  const times = data.times.map(t => lazy(() => instants(t)));
  const decodeSeries = s => {
    const around = text => lazy(() => {
      const close = sums(unpack(s.values.packed));
      return scaled(unpack(text).map((d, i) => close[i] + d), s.values.places);
    });
    return { kind: s.kind, at: times[s.times], values: lazy(() => column(s.values)), base: s.base && lazy(() => column(s.base)),
      open: around(s.open), high: around(s.high), low: around(s.low) };
  };
  const decodeMarks = m => m && lazy(() => ({
    at: instants(m.at), values: column(m.values), classes: m.classes, names: m.names, words: m.words, word: unpack(m.word),
    numbers: m.numbers.map(c => ({ places: c.places, values: scaled(unpack(c.packed), c.places) })), stands: m.stands && unpack(m.stands),
  }));
  const decodeTrips = t => t && lazy(() => {
    const begin = instants(t.from), length = unpack(t.lengths);
    return { begin, end: begin.map((at, i) => at + length[i]), entry: column(t.entry), exit: column(t.exit), won: t.won };
  });

  const panels = [...document.querySelectorAll("[data-panel]")].map(el => {
    const d = data.panels[el.dataset.panel], plot = el.querySelector(".plot");
    return {
      el, plot, svg: plot.querySelector("svg"), low: d.low, high: d.high, d,
      series: d.series.map(decodeSeries), marks: decodeMarks(d.marks), trips: decodeTrips(d.trips),
      paths: [...plot.querySelectorAll("[data-draw]")].map(e => ({ e, draw: e.dataset.draw, of: +e.dataset.of, whole: e.getAttribute("d") })),
      keys: [...el.querySelectorAll(".key b")].map(b => ({ b, last: b.textContent, series: +b.parentNode.dataset.series })),
      cross: make("div", "cross", plot, { hidden: true }), seen: false, stale: false,
    };
  });

  // Scales and ticks follow the rules of scale.go and timeticks.go, with as many ticks as
  // there is room for.
  const x = ms => Math.round((ms - from) / (to - from) * W);
  const y = (p, v) => {
    v = Math.max(p.low, Math.min(p.high, v));
    return Math.round(H * (1 - (p.d.log ? Math.log(v / p.low) / Math.log(p.high / p.low) : (v - p.low) / (p.high - p.low))));
  };
  const logTicks = (low, high, wanted) => {
    let out = [];
    for (const [multiples, every] of [[[1, 1.5, 2, 3, 4, 6, 8], 1], [[1, 2, 5], 1], [[1, 3], 1], [[1], 1], [[1], 2], [[1], 4]]) {
      out = [];
      for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++)
        for (const m of multiples) { const v = +(m * 10 ** e).toPrecision(6); if (e % every === 0 && v >= low && v <= high) out.push(v); }
      if (out.length <= wanted + 2) break;
    }
    return out.map(v => [v, plain(v, (String(v).split(".")[1] || "").length)]);
  };
  const valueTicks = p => {
    const wanted = Math.max(2, Math.min(5, Math.floor(p.plot.clientHeight / 40)));
    const linear = () => {
      const step = niceStep((p.high - p.low) / wanted), most = Math.max(Math.abs(p.low), Math.abs(p.high)), out = [];
      const [shift, unit] = most >= 1e12 ? [12, "\u202fT"] : most >= 1e9 ? [9, "\u202fB"] : most >= 1e6 ? [6, "\u202fM"] : [0, ""];
      const places = Math.min(15, Math.max(0, Math.ceil(shift - Math.log10(step) - 1e-9)));
      for (let i = Math.ceil(p.low / step); i * step <= p.high && out.length < 2 * wanted; i++)
        out.push([i * step, plain(i * step / 10 ** shift, places) + unit]);
      return out;
    };
    const log = p.d.log ? logTicks(p.low, p.high, wanted) : [];
    return log.length > 1 ? log : linear();
  };
  const timeTicks = wanted => {
    const out = [], span = to - from;
    if (span > 100 * DAY) {
      const every = Math.max(1, Math.ceil(span / DAY / 30.4 / wanted)), start = new Date(from).getUTCFullYear();
      for (let m = 0; ; m += every) {
        const at = Date.UTC(start, m, 1);
        if (at > to) return out;
        if (at >= from) out.push([at, months[m % 12] + " " + new Date(at).getUTCFullYear()]);
      }
    }
    const steps = [.1, .2, .5, 1, 2, 5, 15, 30].map(s => s * SECOND).concat([1, 2, 5, 15, 30].map(m => m * MINUTE),
      [1, 2, 4, 8].map(h => h * HOUR), [1, 2, 4, 7, 14].map(d => d * DAY));
    const step = steps.find(s => Math.floor(span / s) <= wanted) || 28 * DAY;
    for (let at = Math.ceil(from / step) * step; at <= to; at += step)
      out.push([at, step >= DAY ? dayName(at) : (span >= DAY ? dayName(at) + " " : "") + clock(at, step < MINUTE) + (step < SECOND ? "." + at % 1000 / 100 : "")]);
    return out;
  };

  // search returns the index of the last instant at or before ms, or 0; between returns
  // the indices of what is in view, with the neighbour on each side.
  const search = (at, ms) => {
    let a = 0, b = at.length;
    while (a < b) { const m = (a + b) >> 1; if (at[m] <= ms) a = m + 1; else b = m; }
    return Math.max(0, a - 1);
  };
  const between = at => [search(at, from), Math.min(at.length - 1, search(at, to) + 1)];

  // condense picks the points of a series to draw: all in view or, when they are more than
  // there is room for, of each column of pixels the first, lowest, highest and last.
  const condense = (p, s) => {
    const at = s.at(), values = s.values(), [a, b] = between(at), columns = Math.max(200, p.plot.clientWidth), out = [];
    if (b - a < 4 * columns) {
      for (let i = a; i <= b; i++) out.push(i);
      return out;
    }
    for (let i = a; i <= b;) {
      const first = i, part = Math.floor((at[i] - from) / (to - from) * columns);
      let low = i, high = i;
      for (; i <= b && Math.floor((at[i] - from) / (to - from) * columns) === part; i++) {
        if (values[i] < values[low] || isNaN(values[low])) low = i;
        if (values[i] > values[high] || isNaN(values[high])) high = i;
      }
      out.push(...[...new Set([first, low, high, i - 1])].sort((l, r) => l - r));
    }
    return out;
  };

  // spans are the steps of a price in view, merged when there are more than pixels.
  const spans = (p, s) => {
    if (p.merged) return p.merged;
    const at = s.at(), [a, b] = between(at), every = Math.max(1, Math.ceil((b - a + 1) / Math.max(200, p.plot.clientWidth))), list = [];
    const open = s.open(), high = s.high(), low = s.low(), close = s.values();
    for (let i = a; i <= b; i += every) {
      const end = Math.min(b + 1, i + every);
      list.push({ at: at[i], open: open[i], high: Math.max(...high.slice(i, end)), low: Math.min(...low.slice(i, end)), close: close[end - 1] });
    }
    const candles = p.plot.clientWidth / list.length >= 6;
    const least = list.reduce((w, c, i) => i && c.at > list[i - 1].at ? Math.min(w, c.at - list[i - 1].at) : w, (to - from) / 20);
    return p.merged = { list, candles, half: Math.max(1, Math.round(least * .35 / (to - from) * W)) };
  };
  const bodies = (p, s, rise) => {
    const { list, candles, half } = spans(p, s);
    return !candles ? "" : list.filter(c => c.close >= c.open === rise)
      .map(c => `M${x(c.at) - half} ${y(p, c.open)}h${2 * half}V${y(p, c.close)}h${-2 * half}Z`).join("");
  };

  // draws has for each kind of path what the server's draw.go does.
  const line = (p, s) => {
    const at = s.at(), values = s.values();
    let d = "", pen = false;
    for (const i of condense(p, s)) {
      if (isNaN(values[i])) { pen = false; continue; }
      d += !pen ? `M${x(at[i])} ${y(p, values[i])}` : s.kind === "step" ? `H${x(at[i])}V${y(p, values[i])}` : `L${x(at[i])} ${y(p, values[i])}`;
      pen = true;
    }
    return d && !/[LH]/.test(d) ? d + "h1" : d;
  };
  const area = (p, s) => {
    const at = s.at(), values = s.values(), zero = y(p, 0);
    let d = "", last = null;
    for (const i of condense(p, s)) {
      if (isNaN(values[i])) { if (last !== null) d += `V${zero}Z`; last = null; continue; }
      d += (last === null ? `M${x(at[i])} ${zero}` : "") + `L${x(at[i])} ${y(p, values[i])}`;
      last = i;
    }
    return last === null ? d : d + `V${zero}Z`;
  };
  const bars = (p, s, up) => condense(p, s).filter(i => !isNaN(s.values()[i]) && s.values()[i] >= 0 === up)
    .map(i => `M${x(s.at()[i])} ${y(p, 0)}V${y(p, s.values()[i])}`).join("");
  // Bars are fat if even the nearest two have room for it.
  const fat = s => {
    const at = s.at(), [a, b] = between(at);
    let least = Infinity;
    for (let i = a + 1; i <= b; i++) least = Math.min(least, at[i] - at[i - 1]);
    return (to - from) / least <= 50;
  };
  const layer = (p, s) => {
    const at = s.at(), top = s.values(), base = s.base(), [a, b] = between(at);
    let there = "", back = "";
    for (let i = a; i <= b; i++) {
      there += `${i > a ? "L" : "M"}${x(at[i])} ${y(p, top[i])}`;
      back = `L${x(at[i])} ${y(p, base[i])}` + back;
    }
    return there && there + back + "Z";
  };
  const dots = (p, of) => {
    const m = p.marks(), [a, b] = between(m.at), taken = new Set(), w = 2 * W / p.plot.clientWidth, h = 2 * H / p.plot.clientHeight;
    let d = "";
    for (let i = a; i <= b; i++) {
      if (+m.classes[i] !== of || m.at[i] < from || m.at[i] > to) continue;
      const px = x(m.at[i]), py = y(p, m.values[i]), cell = Math.round(px / w) * H + Math.round(py / h);
      if (!taken.has(cell)) d += `M${px} ${py}h1`;
      taken.add(cell);
    }
    return d;
  };
  const trips = (p, won) => {
    const t = p.trips(), list = t.begin.map((_, i) => i).filter(i => t.begin[i] <= to && t.end[i] >= from);
    return list.length > 200 ? "" : list.filter(i => t.won[i] === won)
      .map(i => `M${x(t.begin[i])} ${y(p, t.entry[i])}L${x(t.end[i])} ${y(p, t.exit[i])}`).join("");
  };
  const draws = {
    line, area, layer, step: line, up: (p, s) => bars(p, s, true), down: (p, s) => bars(p, s, false),
    wicks: (p, s) => spans(p, s).list.map(c => c.high > c.low ? `M${x(c.at)} ${y(p, c.low)}V${y(p, c.high)}` : "").join(""),
    closes: (p, s) => spans(p, s).candles ? "" : line(p, s), rise: (p, s) => bodies(p, s, true), fall: (p, s) => bodies(p, s, false),
    dots: (p, _, of) => dots(p, of), won: p => trips(p, "1"), lost: p => trips(p, "0"),
  };

  // reach is the least and the largest value that a panel shows in the view.
  const reach = p => {
    let low = Infinity, high = -Infinity;
    const take = v => { if (v < low) low = v; if (v > high) high = v; };
    for (const s of p.series) {
      const [a, b] = between(s.at()), lists = s.kind === "spans" ? [s.low(), s.high()] : s.base ? [s.values(), s.base()] : [s.values()];
      for (const values of lists) for (let i = a; i <= b; i++) take(values[i]);
    }
    if (p.marks) for (let m = p.marks(), [i, b] = between(m.at); i <= b; i++) if (m.at[i] >= from && m.at[i] <= to) take(m.values[i]);
    if (spot && spot.p === p && spot.value !== undefined) take(spot.value);
    if (p.d.zero || p.series.some(s => s.kind === "layer")) take(0);
    if (low > high) return [p.d.low, p.d.high];
    if (p.d.log) return [Math.max(p.d.low, low / 1.05), Math.min(p.d.high, Math.max(high, p.d.low) * 1.05)];
    const air = (high - low) * .06 || Math.abs(high) * .001 || 1;
    return [p.d.zero && low === 0 ? 0 : low - air, p.d.zero && high === 0 ? 0 : high + air];
  };

  const label = (box, side, list) => {
    box.replaceChildren();
    for (const [share, text] of list) make("span", side === "left" && share > 97 ? "last" : "", box, { textContent: text }).style[side] = share + "%";
  };

  // Names of references stand at the right edge, and further left where another is in the way.
  const placeNames = p => {
    const taken = [];
    for (const name of [...p.plot.querySelectorAll(".refname")].sort((a, b) => b.dataset.value - a.dataset.value)) {
      const v = +name.dataset.value, top = y(p, v) / H * p.plot.clientHeight, w = name.offsetWidth + 10;
      let right = 4;
      for (const t of taken) if (Math.abs(t.top - top) < 15 && right < t.right + t.w) right = t.right + t.w;
      name.style.cssText = `top:${y(p, v) / H * 100}%;right:${right}px`;
      name.hidden = v < p.low || v > p.high || right + w > p.plot.clientWidth;
      taken.push({ top, right, w });
    }
  };

  const drawPanel = p => {
    p.stale = false;
    p.merged = null;
    [p.low, p.high] = whole() ? [p.d.low, p.d.high] : reach(p);
    if (!whole() || p.el.dataset.view) for (const path of p.paths) {
      const d = whole() ? path.whole : draws[path.draw](p, p.series[path.of], path.of);
      path.e.setAttribute("d", d);
      if (path.draw === "up" || path.draw === "down") path.e.classList.toggle("fat", fat(p.series[path.of]));
      if (path.draw === "dots") path.e.classList.toggle("dense", d.length > 3000);
    }
    const ticks = valueTicks(p);
    p.svg.querySelector(".grid").setAttribute("d", ticks.map(([v]) => `M0 ${y(p, v)}H${W}`).join(""));
    label(p.plot.querySelector(".values"), "top", ticks.map(([v, text]) => [y(p, v) / H * 100, text]));
    for (const ref of p.svg.querySelectorAll(".ref")) {
      const v = +ref.dataset.value;
      ref.setAttribute("d", v < p.low || v > p.high ? "" : `M0 ${y(p, v)}H${W}`);
    }
    for (const shade of p.svg.querySelectorAll(".shade")) {
      shade.setAttribute("x", x(+shade.dataset.from));
      shade.setAttribute("width", Math.max(1, x(+shade.dataset.to) - x(+shade.dataset.from)));
    }
    let free = -Infinity, level = 0; // as Panel.Shade has it: near the one before, a line lower
    for (const name of p.plot.querySelectorAll(".shadename")) {
      const share = x(+name.dataset.from) / W * 100;
      level = share < free ? level + 1 : 0;
      free = share + name.textContent.length + 1;
      name.style.cssText = (share > 97 - 3 * name.textContent.length ? `right:${100 - share}%` : `left:${share}%`) + (level ? `;top:${3 + 14 * level}px` : "");
      name.hidden = share < 0 || share > 100;
    }
    placeNames(p);
    p.el.dataset.view = `${Math.round(from)}-${Math.round(to)}`;
  };

  const draw = () => {
    leave();
    for (const p of panels) { p.stale = true; if (p.seen) drawPanel(p); }
    soonRest();
    for (const box of document.querySelectorAll(".times")) {
      box.classList.add("drawn");
      label(box, "left", timeTicks(Math.max(2, Math.min(9, Math.floor(box.clientWidth / 95)))).map(([at, text]) => [(at - from) / (to - from) * 100, text]));
    }
    placeSpot();
    showState();
  };
  let frame = 0;
  const soon = () => { frame = frame || requestAnimationFrame(() => { frame = 0; draw(); }); };
  // What is not in sight is drawn after what is, a panel a frame.
  let rest = 0;
  const soonRest = () => {
    const p = panels.find(q => q.stale);
    rest = rest || p && requestAnimationFrame(() => { rest = 0; if (p.stale) drawPanel(p); soonRest(); });
  };
  const watcher = new IntersectionObserver(list => {
    for (const change of list) {
      const p = panels.find(q => q.plot === change.target);
      p.seen = change.isIntersecting;
      if (p.seen && p.stale) drawPanel(p);
    }
  }, { rootMargin: "300px" });

  // The address keeps the view, so that it can be shared and the browser goes back:
  // #view@FROM-TO, or #CHART@AT, #CHART@FROM-TO with @VALUE behind it for a fill or a trade.
  const show = (a, b) => {
    const length = Math.max(SECOND, Math.min(b - a, data.to - data.from));
    from = Math.max(data.from, Math.min((a + b - length) / 2, data.to - length));
    to = from + length;
    if (from - data.from < 1 && data.to - to < 1) { from = data.from; to = data.to; }
    soon();
  };
  const address = () => "#view@" + (whole() ? "all" : Math.round(from) + "-" + Math.round(to));
  let settled = 0;
  const zoom = (a, b) => { spot = null; show(a, b); location.hash = address(); };
  const glide = (a, b) => {
    show(a, b);
    clearTimeout(settled);
    settled = setTimeout(() => location.replace(address()), 300);
  };
  const reset = () => zoom(data.from, data.to);
  const follow = () => {
    const [name, stretch, value] = decodeURIComponent(location.hash.slice(1)).split("@");
    if (stretch === undefined && location.hash) return; // a section of the page
    const [a, b] = (stretch || "all").split("-").map(Number);
    if (isNaN(a)) { spot = null; return show(data.from, data.to); }
    if (name === "view") { if (a !== Math.round(from) || b !== Math.round(to)) { spot = null; show(a, b); } return; }
    const p = panels.find(q => q.el.closest("figure").id === name);
    if (!p) return;
    const prices = p.series.find(s => s.kind === "spans"), at = prices ? prices.at() : [];
    const air = Math.max(MINUTE, b ? (b - a) / 4 : 0, at.length > 1 ? 30 * (at[at.length - 1] - at[0]) / at.length : (data.to - data.from) / 100);
    spot = { p, at: a, end: b || a, value: value === undefined ? nearestMark(p, a) : +value };
    show(a - air, (b || a) + air);
    p.seen = true;
    p.el.closest("figure").scrollIntoView({ block: "center", behavior: "instant" });
    p.plot.focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", e => {
    const link = e.target.closest("a[data-from]");
    if (!link) return;
    e.preventDefault();
    const { from: at, to: end, value } = link.dataset, hash = link.hash + "@" + at + (end && end !== at ? "-" + end : "") + (value ? "@" + value : "");
    if (location.hash === hash) follow(); else location.hash = hash;
  });

  // The spot is what a link led to.
  let spot = null;
  const nearestMark = (p, ms) => {
    if (!p.marks) return undefined;
    const m = p.marks(), i = search(m.at, ms), k = Math.abs((m.at[i + 1] ?? Infinity) - ms) < Math.abs(m.at[i] - ms) ? i + 1 : i;
    return m.values[k];
  };
  const placeSpot = () => {
    for (const p of panels) {
      p.plot.querySelector(".spot")?.remove();
      if (!spot || !spot.p.el.closest("figure").contains(p.el)) continue;
      const box = make("div", "spot", p.plot), share = ms => (ms - from) / (to - from) * 100;
      box.style.left = share(spot.at) + "%";
      box.style.width = share(spot.end) - share(spot.at) + "%";
      if (spot.p === p && spot.end === spot.at && spot.value !== undefined) make("i", "", box).style.top = y(p, spot.value) / H * 100 + "%";
    }
  };

  // The crosshair stands at one instant in all charts; legends show the values there.
  let tip = null, now = null;
  const leave = () => {
    if (tip) tip = tip.remove();
    if (now) now = now.remove();
    for (const p of panels) { p.cross.hidden = true; for (const k of p.keys) k.b.textContent = k.last; }
  };
  const valueAt = (s, ms) => {
    const at = s.at(), i = search(at, ms);
    return !at.length || at[0] > ms ? NaN : s.base ? s.values()[i] - s.base()[i] : s.values()[i];
  };
  const point = (p, ms, px, py) => {
    leave();
    for (const q of panels) {
      if (!q.seen) continue;
      q.cross.hidden = false;
      q.cross.style.left = (ms - from) / (to - from) * 100 + "%";
      for (const k of q.keys) {
        const v = valueAt(q.series[k.series], ms);
        k.b.textContent = isNaN(v) ? "-" : plain(v, q.d.places);
      }
    }
    now = make("span", "now", p.plot, { textContent: stamp(ms) });
    const half = now.offsetWidth / 2, width = p.plot.clientWidth;
    now.style.left = Math.max(half, Math.min((ms - from) / (to - from) * width, width - half)) + "px";
    if (px !== undefined && p.marks) nearMark(p, px, py);
  };
  const nearMark = (p, px, py) => {
    const { width, height } = p.plot.getBoundingClientRect(), m = p.marks();
    const near = 14 / width * (to - from), ms = from + px / width * (to - from);
    let best = -1, least = 14 * 14;
    for (let i = search(m.at, ms - near); i < m.at.length && m.at[i] <= ms + near; i++) {
      const dx = (m.at[i] - from) / (to - from) * width - px, dy = y(p, m.values[i]) / H * height - py;
      if (dx * dx + dy * dy < least) { least = dx * dx + dy * dy; best = i; }
    }
    if (best < 0) return;
    const told = m.words[m.word[best]].map((w, k) => w + (m.numbers[k] && k < m.numbers.length ? plain(m.numbers[k].values[best], m.numbers[k].places).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") : ""));
    const stands = m.stands ? m.stands[best] : 1;
    tip = make("div", "tip", p.plot, { textContent: `${m.names[m.classes[best]]} at ${plain(m.values[best], p.d.places)}\n${told.join("")}\n${stamp(m.at[best])}`
      + (stands > 1 ? `\nstands for ${plain(stands, 0)} near it` : "") });
    tip.style.left = Math.max(0, Math.min(px + 14, width - tip.offsetWidth)) + "px";
    tip.style.top = (py + 18 + tip.offsetHeight > height ? py - tip.offsetHeight - 12 : py + 18) + "px";
  };

  // The pointer: dragging picks a stretch, two fingers pinch, the wheel zooms only with
  // Ctrl or Cmd, so that a page that scrolls is never caught, and pans with Shift.
  const listen = p => {
    let start = null, pick = null, at = null;
    const fingers = new Map();
    const place = e => {
      const box = p.plot.getBoundingClientRect(), px = Math.max(0, Math.min(e.clientX - box.left, box.width));
      return { px, py: e.clientY - box.top, width: box.width, ms: from + (to - from) * px / box.width };
    };
    const drop = () => { if (pick) pick.remove(); start = pick = null; };
    const pinch = () => {
      const [a, b] = [...fingers.values()];
      if (Math.abs(a.px - b.px) < 8) return;
      const scale = (b.ms - a.ms) / (b.px - a.px);
      if (scale > 0) glide(a.ms - a.px * scale, a.ms + (a.width - a.px) * scale);
    };
    p.plot.tabIndex = 0;
    p.plot.setAttribute("role", "group");
    p.plot.setAttribute("aria-label", p.el.querySelector(".title").textContent + ". Arrow keys move the crosshair, with Shift the view; plus and minus zoom, Escape shows the whole run.");
    p.plot.addEventListener("pointerdown", e => {
      const here = place(e);
      fingers.set(e.pointerId, here);
      if (fingers.size > 1) drop(); else if (e.button === 0) start = here;
      p.plot.setPointerCapture(e.pointerId);
    });
    p.plot.addEventListener("pointermove", e => {
      const here = place(e), finger = fingers.get(e.pointerId);
      if (fingers.size > 1) { if (finger) { finger.px = here.px; pinch(); } return; }
      point(p, here.ms, here.px, here.py);
      if (!start || Math.abs(here.px - start.px) < 5) return;
      pick = pick || make("div", "pick", p.plot);
      pick.style.left = Math.min(start.px, here.px) + "px";
      pick.style.width = Math.abs(here.px - start.px) + "px";
    });
    const end = e => {
      const here = place(e);
      if (pick && e.type === "pointerup") zoom(Math.min(start.ms, here.ms), Math.max(start.ms, here.ms));
      fingers.delete(e.pointerId);
      drop();
    };
    for (const type of ["pointerup", "pointercancel"]) p.plot.addEventListener(type, end);
    p.plot.addEventListener("pointerleave", leave);
    p.plot.addEventListener("dblclick", reset);
    p.plot.addEventListener("wheel", e => {
      if (!e.ctrlKey && !e.metaKey && !e.shiftKey) return;
      e.preventDefault();
      const { ms } = place(e), turn = (e.deltaY || e.deltaX) * (e.deltaMode ? 30 : 1), grow = Math.exp(Math.max(-1, Math.min(1, turn / 300)));
      if (e.shiftKey) glide(from + (to - from) * turn / 1000, to + (to - from) * turn / 1000);
      else glide(ms - (ms - from) * grow, ms + (to - ms) * grow);
    }, { passive: false });
    p.plot.addEventListener("blur", () => { at = null; leave(); });
    p.plot.addEventListener("keydown", e => {
      const step = (to - from) / 100, middle = at === null ? (from + to) / 2 : at, way = e.key === "ArrowLeft" ? -1 : 1;
      if (e.key.startsWith("Arrow") && e.shiftKey) glide(from + way * 20 * step, to + way * 20 * step);
      else if (e.key === "ArrowLeft" || e.key === "ArrowRight") point(p, at = Math.max(from, Math.min(to, middle + way * step)));
      else if (e.key === "Home" || e.key === "End") point(p, at = e.key === "Home" ? from : to);
      else if (e.key === "+" || e.key === "=") glide(middle - step * 25, middle + step * 25);
      else if (e.key === "-") glide(middle - step * 100, middle + step * 100);
      else if (e.key === "Escape") { at = null; reset(); } else return;
      e.preventDefault();
    });
    watcher.observe(p.plot);
  };

  // The buttons show a last stretch of the view, move it, or show the whole run.
  const tools = document.querySelector("[data-plot-tools]");
  const button = (text, name, press) => tools && make("button", "", tools, { type: "button", textContent: text, onclick: press, title: name, ariaLabel: name });
  const state = tools && make("span", "state", tools);
  if (state) state.setAttribute("role", "status");
  for (const days of [1, 7, 30]) if (data.to - data.from > 1.2 * days * DAY) button(days + "D", `Show ${days} ${days > 1 ? "days" : "day"}`, () => zoom(Math.max(data.from, to - days * DAY), Math.max(data.from, to - days * DAY) + days * DAY));
  const moves = [["\u2039", "Earlier", -1], ["\u203a", "Later", 1]].map(([text, name, way]) => button(text, name, () => zoom(from + way * (to - from) / 2, to + way * (to - from) / 2)));
  const all = button("All", "Show the whole run", reset);
  const showState = () => {
    if (!tools) return;
    tools.classList.toggle("zoomed", !whole());
    for (const b of [all, ...moves]) b.hidden = whole();
    state.textContent = whole() ? "" : stamp(from).slice(0, 16) + " \u2013 " + stamp(to).slice(0, to - from < HOUR ? 19 : 16);
  };

  panels.forEach(listen);
  addEventListener("resize", soon);
  addEventListener("beforeprint", () => { [from, to] = [data.from, data.to]; draw(); panels.filter(p => p.stale).forEach(drawPanel); });
  addEventListener("afterprint", follow);
  draw();
  follow();
})();
