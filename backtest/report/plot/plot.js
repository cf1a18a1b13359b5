"use strict";
(() => {
  // A plot is 100000 by 10000 units over the whole run; zooming moves its view box.
  const W = 100000, H = 10000, HOUR = 3600e3, DAY = 24 * HOUR;
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const make = (tag, name, parent) => parent.appendChild(Object.assign(document.createElement(tag), { className: name }));
  const resetButton = Object.assign(make("button", "", document.querySelector("[data-plot-tools]")), { type: "button", textContent: "Reset zoom", hidden: true });
  let from = data.from, to = data.to;

  // Numbers and times, as the page has them.
  const plain = (v, places) => {
    const [whole, frac] = Math.abs(v).toFixed(places).split(".");
    const text = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (frac ? "." + frac : "");
    return (v < 0 && /[1-9]/.test(text) ? "\u2212" : "") + text;
  };
  const two = n => String(n).padStart(2, "0");
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const clock = (ms, seconds) => {
    const d = new Date(ms);
    return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + (seconds ? ":" + two(d.getUTCSeconds()) : "");
  };
  const stamp = ms => new Date(ms).toISOString().slice(0, 10) + " " + clock(ms, true) + " UTC";
  const dayName = ms => new Date(ms).getUTCDate() + " " + months[new Date(ms).getUTCMonth()];

  // Scales and ticks follow the rules of the page's author.
  const niceStep = raw => {
    const power = 10 ** Math.floor(Math.log10(raw)), m = raw / power;
    return (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10) * power;
  };
  const y = (d, v) => H * (1 - (d.log ? Math.log(Math.max(v, d.low) / d.low) / Math.log(d.high / d.low) : (v - d.low) / (d.high - d.low)));
  const valueTicks = (d, low, high) => {
    const out = [];
    if (d.log) {
      const many = high / low < 10 ? [1, 1.5, 2, 3, 4, 6, 8] : high / low > 1e4 ? [1] : [1, 2, 5];
      for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++)
        for (const m of many) { const v = +(m * 10 ** e).toPrecision(6); if (v >= low && v <= high) out.push([v, plain(v, (String(v).split(".")[1] || "").length)]); }
      return out;
    }
    const step = niceStep((high - low) / 5);
    const mega = Math.max(Math.abs(low), Math.abs(high)) >= 1e6;
    const places = Math.max(0, Math.ceil((mega ? 6 : 0) - Math.log10(step) - 1e-9));
    for (let i = Math.ceil(low / step); i * step <= high && out.length < 20; i++)
      out.push([i * step, mega ? plain(i * step / 1e6, places) + "\u202fM" : plain(i * step, places)]);
    return out;
  };
  const timeTicks = () => {
    const out = [], span = to - from;
    if (span > 100 * DAY) {
      const every = Math.max(1, Math.ceil(span / DAY / 30.4 / 9)), start = new Date(from).getUTCFullYear();
      for (let m = 0; ; m += every) {
        const at = Date.UTC(start, m, 1);
        if (at > to) return out;
        if (at >= from) out.push([at, months[m % 12] + " " + new Date(at).getUTCFullYear()]);
      }
    }
    const steps = [1e3, 5e3, 15e3, 6e4, 3e5, 9e5, 18e5, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY];
    const step = steps.find(s => Math.floor(span / s) <= 8) || 14 * DAY;
    for (let at = Math.ceil(from / step) * step; at <= to; at += step)
      out.push([at, step >= DAY ? dayName(at) : (span >= DAY ? dayName(at) + " " : "") + clock(at, step < 6e4)]);
    return out;
  };

  const panels = [...document.querySelectorAll(".panel")].map(el => ({
    el, plot: el.querySelector(".plot"), svg: el.querySelector("svg"), d: data.panels[el.dataset.panel],
    keys: [...el.querySelectorAll(".key b")].map(b => ({ b, last: b.textContent, series: +b.parentNode.dataset.series })),
    cross: Object.assign(make("div", "cross", el.querySelector(".plot")), { hidden: true }),
    top: 0, height: H,
  }));

  // search returns the index of the last instant at or before ms, or 0.
  const search = (times, ms) => {
    let a = 0, b = times.length;
    while (a < b) { const m = (a + b) >> 1; if (times[m] <= ms) a = m + 1; else b = m; }
    return Math.max(0, a - 1);
  };

  // reach is the least and the largest value that a panel shows between from and to.
  const reach = d => {
    if (from === data.from && to === data.to) return [d.low, d.high];
    let low = Infinity, high = -Infinity;
    const take = v => { if (v !== null) { low = Math.min(low, v); high = Math.max(high, v); } };
    for (const s of d.series) {
      const times = data.times[s.times], end = search(times, to);
      for (let i = search(times, from); i <= end; i++) take(s.values[i]);
    }
    for (const f of d.fills || []) if (f.t >= from && f.t <= to) take(f.p);
    if (d.zero) take(0);
    if (low > high) return [d.low, d.high];
    if (d.log) return [Math.max(d.low, low / 1.05), Math.min(d.high, high * 1.05)];
    const air = (high - low) * .06 || Math.abs(high) * .001 || 1;
    return [d.zero && low === 0 ? 0 : low - air, d.zero && high === 0 ? 0 : high + air];
  };

  const fill = (box, side, list) => {
    box.replaceChildren();
    for (const [share, text] of list) Object.assign(make("span", "", box), { textContent: text }).style[side] = share + "%";
  };

  const draw = () => {
    const x0 = W * (from - data.from) / (data.to - data.from), w = W * (to - from) / (data.to - data.from);
    for (const p of panels) {
      const [low, high] = reach(p.d);
      p.top = y(p.d, high);
      p.height = Math.max(1e-6, y(p.d, low) - p.top);
      p.svg.setAttribute("viewBox", `${x0} ${p.top} ${w} ${p.height}`);
      const ticks = valueTicks(p.d, low, high);
      p.svg.querySelector(".grid").setAttribute("d", ticks.map(([v]) => `M0 ${y(p.d, v)}H${W}`).join(""));
      fill(p.plot.querySelector(".values"), "top", ticks.map(([v, text]) => [(y(p.d, v) - p.top) / p.height * 100, text]));
      for (const name of p.plot.querySelectorAll(".refname")) {
        const share = (name.dataset.y - p.top) / p.height;
        name.hidden = share < 0 || share > 1;
        name.style.top = share * 100 + "%";
      }
      for (const name of p.plot.querySelectorAll(".shadename")) {
        const share = (name.dataset.x - x0) / w;
        name.hidden = share < 0 || share > 1;
        name.style.left = share * 100 + "%";
      }
    }
    const ticks = timeTicks().map(([at, text]) => [(at - from) / (to - from) * 100, text]);
    for (const box of document.querySelectorAll(".times")) fill(box, "left", ticks);
    resetButton.hidden = from === data.from && to === data.to;
  };
  const zoom = (a, b) => {
    if (b - a < 2000) return;
    from = Math.max(a, data.from); to = Math.min(b, data.to);
    draw();
  };
  const reset = () => zoom(data.from, data.to);

  // The crosshair stands at one instant in all charts; legends show the values there.
  let tip = null, now = null;
  const leave = () => {
    if (tip) tip = tip.remove();
    if (now) now = now.remove();
    for (const p of panels) { p.cross.hidden = true; for (const k of p.keys) k.b.textContent = k.last; }
  };
  const point = (p, ms, px, py) => {
    leave();
    if (ms === null) return;
    for (const q of panels) {
      q.cross.hidden = false;
      q.cross.style.left = (ms - from) / (to - from) * 100 + "%";
      for (const k of q.keys) {
        const s = q.d.series[k.series], times = data.times[s.times], i = search(times, ms);
        const v = times.length && times[0] <= ms ? s.values[i] : null;
        k.b.textContent = v === null ? "-" : plain(v, q.d.places);
      }
    }
    now = make("span", "now", p.plot);
    now.textContent = stamp(ms);
    const half = now.offsetWidth / 2, width = p.plot.clientWidth;
    now.style.left = Math.max(half, Math.min((ms - from) / (to - from) * width, width - half)) + "px";
    if (px !== undefined) nearFill(p, px, py);
  };
  const nearFill = (p, px, py) => {
    const box = p.plot.getBoundingClientRect();
    let best = null, least = 14 * 14;
    for (const f of p.d.fills || []) {
      const dx = (f.t - from) / (to - from) * box.width - px, dy = (y(p.d, f.p) - p.top) / p.height * box.height - py;
      if (dx * dx + dy * dy < least) { least = dx * dx + dy * dy; best = f; }
    }
    if (!best) return;
    tip = make("div", "tip", p.plot);
    tip.textContent = best.x + "\n" + stamp(best.t) + (best.n > 1 ? "\nstands for " + plain(best.n, 0) + " near it" : "");
    tip.style.left = Math.max(0, Math.min(px + 14, box.width - tip.offsetWidth)) + "px";
    tip.style.top = (py + 18 + tip.offsetHeight > box.height ? py - tip.offsetHeight - 12 : py + 18) + "px";
  };

  for (const p of panels) {
    let start = null, pick = null, at = null;
    const place = e => {
      const box = p.plot.getBoundingClientRect();
      const px = Math.max(0, Math.min(e.clientX - box.left, box.width));
      return { px, py: e.clientY - box.top, ms: from + (to - from) * px / box.width, share: px / box.width * 100 };
    };
    p.plot.tabIndex = 0;
    p.plot.setAttribute("aria-label", "Arrow keys move the crosshair, plus and minus zoom, Escape resets.");
    p.plot.setAttribute("role", "group");
    p.plot.addEventListener("pointerdown", e => { start = place(e); p.plot.setPointerCapture(e.pointerId); });
    p.plot.addEventListener("pointermove", e => {
      const here = place(e);
      point(p, here.ms, here.px, here.py);
      if (!start || Math.abs(here.px - start.px) < 4) return;
      pick = pick || make("div", "pick", p.plot);
      pick.style.left = Math.min(start.share, here.share) + "%";
      pick.style.width = Math.abs(here.share - start.share) + "%";
    });
    const end = e => {
      const here = place(e);
      if (pick && e.type === "pointerup") zoom(Math.min(start.ms, here.ms), Math.max(start.ms, here.ms));
      if (pick) pick.remove();
      start = pick = null;
    };
    p.plot.addEventListener("pointerup", end);
    p.plot.addEventListener("pointercancel", end);
    p.plot.addEventListener("pointerleave", leave);
    p.plot.addEventListener("dblclick", reset);
    p.plot.addEventListener("blur", () => { at = null; leave(); });
    p.plot.addEventListener("keydown", e => {
      const step = (to - from) / 100, middle = at === null ? (from + to) / 2 : at;
      if (e.key === "ArrowLeft" || e.key === "ArrowRight") at = Math.max(from, Math.min(to, middle + (e.key === "ArrowLeft" ? -step : step)));
      else if (e.key === "+") zoom(middle - step * 25, middle + step * 25);
      else if (e.key === "-") zoom(middle - step * 100, middle + step * 100);
      else if (e.key === "Escape") { at = null; reset(); } else return;
      e.preventDefault();
      point(p, at);
    });
  }
  resetButton.addEventListener("click", reset);
  // A link of a table to a chart shows the span of time that it names.
  document.addEventListener("click", e => {
    const link = e.target.closest("a[data-from]");
    if (link) zoom(+link.dataset.from, +link.dataset.to);
  });
  addEventListener("beforeprint", reset);
})();
