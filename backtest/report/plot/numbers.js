const numbers = (() => {
  "use strict";
  // Numbers and times, as the page has them.
  const plain = (v, places) => {
    const [digits, frac] = Math.abs(v).toFixed(places).split(".");
    const text = digits.replace(/\B(?=(\d{3})+$)/g, "\u202f") + (frac ? "." + frac : "");
    return (v < 0 && /[1-9]/.test(text) ? "\u2212" : "") + text;
  };
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const clock = (ms, seconds) => new Date(ms).toISOString().slice(11, seconds ? 19 : 16);
  const stamp = ms => new Date(ms).toISOString().slice(0, 19).replace("T", " ") + " UTC";
  const dayName = ms => new Date(ms).getUTCDate() + " " + months[new Date(ms).getUTCMonth()];

  // Packed numbers: pack.go says how they are written. A hole is NaN.
  const digits = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].map((c, i) => [c, i]));
  const unpack = text => {
    const out = [];
    let sum = 0, scale = 1;
    for (const c of text) {
      const digit = digits.get(c);
      sum += (digit & 31) * scale;
      scale *= 32;
      if (digit & 32) continue;
      out.push(sum === 1 ? NaN : sum % 2 ? -(sum - 1) / 2 : sum / 2);
      sum = 0;
      scale = 1;
    }
    return out;
  };
  const sums = list => { let sum = 0; return list.map(d => isNaN(d) ? NaN : sum += d); };
  const scaled = (list, places) => list.map(v => places < 0 ? v * 10 ** -places : v / 10 ** places);
  const column = c => scaled(sums(unpack(c.packed)), c.places);
  const instants = t => { let at = t.from; return sums(unpack(t.packed)).map(step => at += step * t.unit); };

  // niceStep has the rule of scale.go.
  const niceStep = raw => {
    const power = 10 ** Math.floor(Math.log10(raw)), m = raw / power * .75;
    return (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * power;
  };

  return { months, plain, clock, stamp, dayName, unpack, sums, scaled, column, instants, niceStep };
})();
