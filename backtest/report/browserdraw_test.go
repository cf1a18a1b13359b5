package report

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"

	capture "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// box is a rectangle of the page in CSS pixels.
type box struct{ X, Y, Width, Height float64 }

// drawing is a panel that ought to show something, and the colors it does so in.
type drawing struct {
	Title  string
	Box    box
	Colors [][3]uint8
}

// drawingsJS finds all panels of charts: those that are empty must say why, and all
// others have paths that reach over some room.
const drawingsJS = `(() => {
  const wrong = [], drawings = [];
  const rgb = c => { const m = c.match(/[\d.]+/g).map(Number); return c.startsWith("color(srgb") ? m.slice(0, 3).map(v => Math.round(v * 255)) : m.slice(0, 3); };
  const of = (plot, title) => {
    const box = plot.getBoundingClientRect();
    if (plot.classList.contains("void")) {
      if (!(plot.querySelector(".nothing")?.textContent || "").trim()) wrong.push(title + ": an empty plot that does not say why");
      return;
    }
    if (box.width < 150 || box.height < 50) wrong.push(title + ": a plot of " + box.width + " by " + box.height);
    const colors = [], card = rgb(getComputedStyle(plot.closest(".chart")).backgroundColor);
    let reach = 0;
    const shapes = [...plot.querySelectorAll("svg path:not(.grid):not(.ref), svg rect.bin")].filter(e => e.tagName === "rect" || e.getAttribute("d"));
    if (!shapes.length) wrong.push(title + ": nothing is drawn");
    for (const e of shapes) {
      const b = e.getBBox(), style = getComputedStyle(e);
      reach = Math.max(reach, b.width, b.height);
      if (e.tagName === "path" && style.stroke !== "none" && +style.strokeOpacity > .9) colors.push(rgb(style.stroke));
      else if (style.fill !== "none" && +style.fillOpacity > .5) colors.push(rgb(style.fill).map((v, i) => Math.round(v * style.fillOpacity + card[i] * (1 - style.fillOpacity))));
    }
    if (!reach && shapes.every(e => e.classList.contains("bars"))) return; // bars of zero
    if (!(reach > 0)) wrong.push(title + ": no path has any extent");
    if (!colors.length) wrong.push(title + ": nothing has a color of its own");
    drawings.push({ Title: title, Box: { X: box.x + scrollX, Y: box.y + scrollY, Width: box.width, Height: box.height }, Colors: colors });
  };
  for (const panel of document.querySelectorAll(".panel")) of(panel.querySelector(".plot"), panel.querySelector(".title").textContent);
  for (const figure of document.querySelectorAll(".histogram")) if (figure.querySelector(".plot")) of(figure.querySelector(".plot"), figure.querySelector("h3").textContent);
  for (const chart of document.querySelectorAll(".chart")) {
    const filled = [...chart.querySelectorAll(".panel .plot")].filter(p => !p.classList.contains("void"));
    if (filled.length && !chart.querySelectorAll(".times span").length) wrong.push(chart.id + ": no times");
    for (const p of filled) if (!p.querySelectorAll(".values span").length) wrong.push(chart.id + ": no values");
  }
  return { Wrong: wrong, Drawings: drawings };
})()`

// drawn demands that every chart draws, and returns those that do.
func (tb *tab) drawn() []drawing {
	tb.Helper()
	found := eval[struct {
		Wrong    []string
		Drawings []drawing
	}](tb, drawingsJS)
	if len(found.Wrong) > 0 {
		tb.Error(lines(found.Wrong))
	}
	return found.Drawings
}

// paintedMin is how many pixels a line of a few days, or a dot, has at least.
const paintedMin = 8

// painted demands that the colors of drawings are on the screen.
func (tb *tab) painted(drawings []drawing) {
	tb.Helper()
	yes := true
	shot := call(tb, capture.CaptureScreenshot, capture.CaptureScreenshotParams{
		Clip:                  &capture.Viewport{Width: float64(desktop.width), Height: eval[float64](tb, "document.scrollingElement.scrollHeight"), Scale: 1},
		CaptureBeyondViewport: &yes, OptimizeForSpeed: &yes,
	})
	picture, err := png.Decode(bytes.NewReader(shot.Data))
	if err != nil {
		tb.Fatal(err)
	}
	for _, d := range drawings {
		if n := pixelsOf(picture, d); n < paintedMin {
			tb.Errorf("%s: %d pixels have its colors", d.Title, n)
		}
	}
}

// pixelsOf counts the pixels of a drawing that have one of its colors, up to what
// smoothing of edges and rounding change, and stops when there are enough.
func pixelsOf(picture image.Image, d drawing) int {
	const near = 24
	n := 0
	area := image.Rect(int(d.Box.X), int(d.Box.Y), int(d.Box.X+d.Box.Width), int(d.Box.Y+d.Box.Height))
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X && n < paintedMin; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			for _, c := range d.Colors {
				if apart(r, c[0]) < near && apart(g, c[1]) < near && apart(b, c[2]) < near {
					n++
					break
				}
			}
		}
	}
	return n
}

func apart(a uint32, b uint8) int { return max(int(a>>8)-int(b), int(b)-int(a>>8)) }

// sidewaysJS names what makes the page wider than the window. What lies in a box that
// scrolls on its own does not.
const sidewaysJS = `(() => {
  const wide = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= wide) return [];
  const out = ["the page is " + document.scrollingElement.scrollWidth + " pixels wide"];
  for (const e of document.querySelectorAll("body *")) {
    const b = e.getBoundingClientRect();
    if (b.right <= wide + 1 || !b.width) continue;
    let p = e.parentElement;
    while (p && getComputedStyle(p).overflowX === "visible") p = p.parentElement;
    if ((!p || p === document.documentElement || p === document.body) && out.length < 6) out.push(e.tagName + "." + e.className + " ends at " + Math.round(b.right) + ": " + e.textContent.trim().slice(0, 40));
  }
  return out;
})()`

// noScrollSideways demands that the page fits windows of these widths.
func (tb *tab) noScrollSideways(widths ...int64) {
	tb.Helper()
	for _, width := range widths {
		tb.do(chromedp.EmulateViewport(width, 800))
		if wrong := eval[[]string](tb, sidewaysJS); len(wrong) > 0 {
			tb.Errorf("at a width of %d: %s", width, strings.Join(wrong, "\n"))
		}
	}
}

// boxOf is where the first element that a selector finds is in the window, once it was
// scrolled into view and what came into view with it is laid out.
func (tb *tab) boxOf(selector string) box {
	tb.Helper()
	tb.place(selector)
	tb.settle()
	return tb.place(selector)
}

func (tb *tab) place(selector string) box {
	tb.Helper()
	return eval[box](tb, fmt.Sprintf(`(() => {
  const e = document.querySelector(%q);
  e.scrollIntoView({ block: "center", behavior: "instant" });
  const b = e.getBoundingClientRect();
  return { X: b.x, Y: b.y, Width: b.width, Height: b.height };
})()`, selector))
}
