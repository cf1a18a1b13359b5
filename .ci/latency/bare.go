package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/adshao/go-binance/v2/futures"
	"github.com/adshao/go-binance/v2/portfolio"
	"github.com/gorilla/websocket"

	"github.com/pmbot/pmbot/exchange/frame"
)

// loopGoBinance answers each quote as the examples of go-binance do: in the stream's handler.
func loopGoBinance(t *terms, roots *x509.CertPool) error {
	futures.BaseWsMainUrl = "ws://" + t.Streams + "/public/ws"
	client := portfolio.NewClient(apiKey, apiSecret)
	client.BaseURL = "https://" + t.Orders
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	client.HTTPClient = &http.Client{Transport: transport}
	n := 0
	answer := func(e *futures.WsBookTickerEvent) {
		n++
		_, err := client.NewUMOrderService().Symbol(symbol).Side(portfolio.SideTypeBuy).Type(portfolio.OrderTypeLimit).
			TimeInForce(portfolio.TimeInForceTypeIOC).Quantity("0.001").Price(e.BestBidPrice).NewClientOrderID("go-" + strconv.Itoa(n)).
			NewOrderRespType(portfolio.NewOrderRespTypeRESULT).Do(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, "go-binance:", err)
		}
	}
	_, _, err := futures.WsBookTickerServe(symbol, answer, func(err error) { fmt.Fprintln(os.Stderr, "go-binance:", err) })
	return err
}

// loopByHand does nothing but what must be done: read, decode, sign, write. It is how fast this
// machine and these libraries can be.
func loopByHand(t *terms, roots *x509.CertPool) error {
	stream, _, err := websocket.DefaultDialer.Dial("ws://"+t.Streams+"/public/ws/btcusdt@bookTicker", nil)
	if err != nil {
		return err
	}
	conn, err := tls.Dial("tcp", t.Orders, &tls.Config{RootCAs: roots})
	if err != nil {
		return err
	}
	go func() {
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadResponse(in, nil)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
		}
	}()
	mac := hmac.New(sha256.New, []byte(apiSecret))
	go func() {
		var d frame.Decoder
		for n := 0; ; n++ {
			_, message, err := stream.ReadMessage()
			if err != nil {
				return
			}
			f, err := d.Decode(fmt.Appendf(nil, `{"stream":"btcusdt@bookTicker","data":%s}`, message))
			if err != nil {
				fmt.Fprintln(os.Stderr, "by hand:", err)
				return
			}
			body := fmt.Appendf(nil, "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.001&price=%v&newClientOrderId=hand-%d"+
				"&newOrderRespType=RESULT&recvWindow=5000&timestamp=%d", f.BookTicker.Bid, n, time.Now().UnixMilli())
			mac.Reset()
			mac.Write(body)
			body = append(append(body, "&signature="...), hex.EncodeToString(mac.Sum(nil))...)
			out := fmt.Appendf(nil, "POST /papi/v1/um/order HTTP/1.1\r\nHost: %s\r\nX-Mbx-Apikey: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
				"Content-Length: %d\r\n\r\n%s", t.Orders, apiKey, len(body), body)
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	}()
	return nil
}
