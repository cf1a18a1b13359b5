package papi

import (
	"context"

	"github.com/pmbot/pmbot/exchange"
)

// Download is the answer to asking for a file: its id, with which to ask for its link.
type Download struct {
	DownloadID string `json:"downloadId"`
	// AvgCostTimestampOfLast30d is how long such files took lately, in milliseconds.
	AvgCostTimestampOfLast30d int64 `json:"avgCostTimestampOfLast30d"`
}

func (d *Download) missing() string { return first(need{"downloadId", d.DownloadID != ""}) }

// DownloadLink is where a file is. The link opens it without a key: keep it out of logs.
type DownloadLink struct {
	DownloadID string `json:"downloadId"`
	// Status is processing or completed.
	Status string `json:"status"`
	// URL is "" while the file is made; S3Link may be the word None.
	URL      string `json:"url"`
	S3Link   string `json:"s3Link"`
	Notified bool   `json:"notified"`
	// ExpirationTimestamp is when the link ends, seven days after it was made, and one
	// millisecond before 1970 while the file is made.
	ExpirationTimestamp exchange.Time `json:"expirationTimestamp"`
	// IsExpired is a truth value or the word None.
	IsExpired string `json:"isExpired"`
}

func (d *DownloadLink) missing() string {
	return first(need{"downloadId", d.DownloadID != ""}, need{"status", d.Status != ""})
}

// NewUMOrderDownload asks for a file of the USD-M orders of a window of at most a year, both
// ends of which are needed. It costs 1500 and is allowed ten times a month.
func (c *Client) NewUMOrderDownload(ctx context.Context, w Window) (Download, error) {
	return newDownload(ctx, c, epNewUMOrderDownload, w)
}

// UMOrderDownload asks where the file of orders is.
func (c *Client) UMOrderDownload(ctx context.Context, downloadID string) (DownloadLink, error) {
	return downloadLink(ctx, c, epUMOrderDownload, downloadID)
}

// NewUMTradeDownload asks for a file of the USD-M fills of a window of at most a year, both
// ends of which are needed. It costs 1500 and is allowed five times a month.
func (c *Client) NewUMTradeDownload(ctx context.Context, w Window) (Download, error) {
	return newDownload(ctx, c, epNewUMTradeDownload, w)
}

// UMTradeDownload asks where the file of fills is.
func (c *Client) UMTradeDownload(ctx context.Context, downloadID string) (DownloadLink, error) {
	return downloadLink(ctx, c, epUMTradeDownload, downloadID)
}

// NewUMIncomeDownload asks for a file of the USD-M ledger of a window of at most a year,
// both ends of which are needed. It costs 1500 and is allowed five times a month.
func (c *Client) NewUMIncomeDownload(ctx context.Context, w Window) (Download, error) {
	return newDownload(ctx, c, epNewUMIncomeDownload, w)
}

// UMIncomeDownload asks where the file of the ledger is.
func (c *Client) UMIncomeDownload(ctx context.Context, downloadID string) (DownloadLink, error) {
	return downloadLink(ctx, c, epUMIncomeDownload, downloadID)
}

func newDownload(ctx context.Context, c *Client, ep endpoint, w Window) (Download, error) {
	q := new(query)
	w.add(q)
	return call[Download](ctx, c, ep, q)
}

func downloadLink(ctx context.Context, c *Client, ep endpoint, downloadID string) (DownloadLink, error) {
	return call[DownloadLink](ctx, c, ep, texts("downloadId", downloadID))
}
