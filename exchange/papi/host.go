package papi

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

type base struct{ scheme, host string }

// binance has the only hosts that a request can go to, but for loopback addresses.
var binance = [hosts]base{
	hostPAPI: {"https", "papi.binance.com"},
	hostSAPI: {"https", "api.binance.com"},
	hostFAPI: {"https", "fapi.binance.com"},
}

// resolve returns where the services are: at Binance, or all at loopback addresses. Half of
// each would send a simulator's key to Binance, or the other way round.
func resolve(papi, sapi, fapi string) ([hosts]base, error) {
	if papi == "" && sapi == "" && fapi == "" {
		return binance, nil
	}
	var bases [hosts]base
	for h, text := range [hosts]string{hostPAPI: papi, hostSAPI: sapi, hostFAPI: fapi} {
		if binance[h].host == "" {
			continue
		}
		b, err := loopback(text)
		if err != nil {
			return bases, fmt.Errorf("the URL in the place of %s: %w", binance[h].host, err)
		}
		bases[h] = b
	}
	return bases, nil
}

// loopback reads a URL that has nothing but scheme, loopback address and port. The text is
// not in its errors, for a URL may hold a password.
func loopback(text string) (base, error) {
	if text == "" {
		return base{}, errors.New("is missing; replace all three or none")
	}
	text = strings.TrimSuffix(text, "/")
	u, err := url.Parse(text)
	if err != nil {
		return base{}, errors.New("is not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != text {
		return base{}, errors.New("has more or less than http or https, a loopback address and a port")
	}
	addr, err := netip.ParseAddr(strings.Trim(u.Host, "[]"))
	if err != nil {
		port, portErr := netip.ParseAddrPort(u.Host)
		if portErr != nil || port.Port() == 0 {
			return base{}, errors.New("has no numeric address with a port, such as 127.0.0.1:9000")
		}
		addr = port.Addr()
	}
	if !addr.IsLoopback() {
		return base{}, errors.New("is not a loopback address; only servers on this machine may stand in for Binance")
	}
	return base{u.Scheme, u.Host}, nil
}
