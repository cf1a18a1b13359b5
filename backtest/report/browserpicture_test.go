package report

import (
	"os"
	"path/filepath"
	"testing"

	capture "github.com/chromedp/cdproto/page"
)

// fromTop is a path as make has it: from the top of the repository.
func fromTop(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	top, _ := filepath.Abs("../..") // it fails only where there is no working directory
	return filepath.Join(top, path)
}

// TestPicture writes the equity chart of the page PMBOT_REPORT as PMBOT_PICTURE: the
// pictures in the READMEs of the bundled strategies, by make pictures.
func TestPicture(t *testing.T) {
	page, picture := os.Getenv("PMBOT_REPORT"), os.Getenv("PMBOT_PICTURE")
	if page == "" || picture == "" {
		t.Skip("PMBOT_REPORT and PMBOT_PICTURE name a page and the file to write")
	}
	page, picture = fromTop(page), fromTop(picture)
	tb := open(t, startBrowser(t), page, view{width: 1000, height: 900})
	tb.drawn()
	clip := eval[capture.Viewport](tb, `(() => {
	  const b = document.getElementById("equity").getBoundingClientRect();
	  return {x: b.x - 6 + scrollX, y: b.y - 6 + scrollY, width: b.width + 12, height: b.height + 12, scale: 1};
	})()`)
	yes := true
	shot := call(tb, capture.CaptureScreenshot, capture.CaptureScreenshotParams{Clip: &clip, CaptureBeyondViewport: &yes})
	if err := os.WriteFile(picture, shot.Data, 0o644); err != nil {
		t.Fatal(err)
	}
}
