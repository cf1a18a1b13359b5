package report

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// namedRoles are the roles that a reader who hears the page must be able to tell apart.
var namedRoles = []string{"image", "img", "graphics-document", "button", "link", "table", "region", "navigation", "search",
	"textbox", "searchbox", "combobox", "checkbox", "radio", "group", "heading", "DisclosureTriangle", "RootWebArea"}

// named demands a name of everything in the tree that assistive technology sees, and that
// the tree has all that the page is made of.
func (tb *tab) named(atLeast map[string]int) {
	tb.Helper()
	have := map[string]int{}
	for _, node := range call(tb, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		role := axText(node.Role)
		have[role]++
		if slices.Contains(namedRoles, role) && strings.TrimSpace(axText(node.Name)) == "" && !unnamedGroup(role, node) {
			tb.Errorf("a %s has no name (node %s)", role, node.NodeID)
		}
	}
	for role, n := range atLeast {
		if have[role] < n {
			tb.Errorf("%d of role %s, want at least %d", have[role], role, n)
		}
	}
}

// unnamedGroup says whether a group is only the browser's own, of details or of a list of
// options; such need no name.
func unnamedGroup(role string, node *accessibility.Node) bool {
	return role == "group" && len(node.Properties) == 0
}

func axText(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	if json.Unmarshal([]byte(v.Value), &s) != nil {
		return string(v.Value)
	}
	return s
}

// headingsJS finds headings that leave out a level, and fields without a label.
const headingsJS = `(() => {
  const wrong = [];
  let last = 0, first = 0;
  for (const h of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const level = +h.tagName[1];
    first += level === 1;
    if (level > last + 1) wrong.push(h.tagName + " after H" + last + ": " + h.textContent);
    last = level;
  }
  if (first !== 1) wrong.push(first + " headings of level 1");
  if (!document.title.trim()) wrong.push("no title");
  if (document.documentElement.lang !== "en") wrong.push("no language");
  for (const e of document.querySelectorAll("input, select"))
    if (!e.labels.length && !e.getAttribute("aria-label")) wrong.push("a field without a label in " + e.parentElement.className);
  for (const t of document.querySelectorAll("table")) {
    if (!t.caption || !t.caption.textContent.trim()) wrong.push("a table without a caption");
    for (const th of t.querySelectorAll("th")) if (!th.scope) wrong.push("a head without scope in " + t.caption.textContent);
  }
  for (const a of document.querySelectorAll("a"))
    if (!a.hash || !document.getElementById(a.hash.slice(1))) wrong.push("a link to nowhere: " + a.href);
  return wrong.slice(0, 10);
})()`

// inOrder demands headings in order, labels, captions, and links that lead somewhere.
func (tb *tab) inOrder() {
	tb.Helper()
	if wrong := eval[[]string](tb, headingsJS); len(wrong) > 0 {
		tb.Error(lines(wrong))
	}
}

// contrastJS computes the contrast of every piece of text that is seen, with the ground
// behind it as the browser composes it. Formula: WCAG 2.2, relative luminance and contrast
// ratio; large text is of 24 pixels, or 18.66 when it is bold.
const contrastJS = `(() => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = c => {
    if (!known.has(c)) {
      pen.clearRect(0, 0, 1, 1); pen.fillStyle = c; pen.fillRect(0, 0, 1, 1);
      const d = pen.getImageData(0, 0, 1, 1).data;
      known.set(c, [d[0], d[1], d[2], d[3] / 255]);
    }
    return known.get(c);
  };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const grounds = new Map();
  const base = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0, 1] : [255, 255, 255, 1];
  const ground = e => {
    if (!e) return base;
    if (!grounds.has(e)) grounds.set(e, over(rgba(getComputedStyle(e).backgroundColor), ground(e.parentElement)));
    return grounds.get(e);
  };
  const faint = e => { let o = 1; for (; e; e = e.parentElement) o *= +getComputedStyle(e).opacity; return o; };
  const wrong = new Map(), done = new Map();
  let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
    if (!text || ["SCRIPT", "STYLE", "TITLE", "DESC", "OPTION"].includes(e.tagName.toUpperCase())) continue;
    if (!e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true, contentVisibilityAuto: true })) continue;
    const box = e.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || box.right < 0) continue;
    const style = getComputedStyle(e), back = ground(e);
    const key = [style.color, back, style.fontSize, style.fontWeight].join();
    seen++;
    if (done.has(key) && faint(e) === 1) continue;
    done.set(key, true);
    const ink = [...rgba(style.color)];
    ink[3] *= faint(e);
    const a = light(over(ink, back)), b = light(back), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && +style.fontWeight >= 700;
    if (ratio < (large ? 3 : 4.5)) wrong.set(key, ratio.toFixed(2) + " for " + style.color + " on " + back.slice(0, 3).map(Math.round) + ": " + text.slice(0, 40));
  }
  return { Seen: seen, Wrong: [...wrong.values()].slice(0, 10) };
})()`

// readable demands contrast of all text that is seen.
func (tb *tab) readable(theme string) {
	tb.Helper()
	got := eval[struct {
		Seen  int
		Wrong []string
	}](tb, contrastJS)
	if len(got.Wrong) > 0 {
		tb.Errorf("contrast, %s: %s", theme, lines(got.Wrong))
	}
	if got.Seen < 30 {
		tb.Errorf("contrast, %s: only %d texts were looked at", theme, got.Seen)
	}
}

// focusJS moves the focus to everything that can have it, as the keyboard does, and names
// what does not show it.
const focusJS = `(() => {
  const wrong = new Map();
  let n = 0;
  for (const e of document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")) {
    if (!e.checkVisibility()) continue;
    n++;
    e.focus({ focusVisible: true, preventScroll: true });
    const s = getComputedStyle(e);
    const shown = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== "none";
    if (document.activeElement !== e || !shown) wrong.set(e.tagName + "." + e.className, e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 30));
    if (n > 400) break;
  }
  document.activeElement.blur();
  return { Seen: n, Wrong: [...wrong.values()] };
})()`

// focusShown demands that whoever goes through the page by keyboard sees where they are.
func (tb *tab) focusShown() {
	tb.Helper()
	tb.do(chromedp.KeyEvent(kb.Tab))
	if got := eval[string](tb, "document.activeElement.textContent"); !strings.HasPrefix(got, "Skip to") {
		tb.Errorf("the first stop of the keyboard is %q, not the link that skips", got)
	}
	got := eval[struct {
		Seen  int
		Wrong []string
	}](tb, focusJS)
	if len(got.Wrong) > 0 {
		tb.Errorf("focus is not seen on %s", lines(got.Wrong))
	}
	if got.Seen < 15 {
		tb.Errorf("only %d elements can have the focus", got.Seen)
	}
}
