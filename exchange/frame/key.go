package frame

import "strconv"

// A key is a field's place in an [object]: the letter itself for names of one letter, and
// one of the constants below, which no name can be, for the longer ones that are read.
// The key 0 stands for all others.
type key = byte

const (
	keyStream key = iota + 1
	keyData
	keyPrev
	keyAverage
	keySymbolType
	keyLastUpdateID
	keyBids
	keyAsks
	keySymbol
	keySymbols
	keyMethod
	keyResult
	keyID
	keyError
	keyCode
	keyMessage
	keyContractType
	keyContractStatus
	keyDelivery
	keyOnboard
	keyBrackets
)

var keyNames = [...]string{
	keyStream: "stream", keyData: "data", keyPrev: "pu", keyAverage: "ap", keySymbolType: "st",
	keyLastUpdateID: "lastUpdateId", keyBids: "bids", keyAsks: "asks", keySymbol: "symbol", keySymbols: "symbols",
	keyMethod: "method", keyResult: "result", keyID: "id", keyError: "error", keyCode: "code", keyMessage: "msg",
	keyContractType: "ct", keyContractStatus: "cs", keyDelivery: "dt", keyOnboard: "ot", keyBrackets: "bks",
}

// keyOf returns the key of a name. It is a switch and no search of keyNames, because
// there are two or three longer names in every frame.
func keyOf(name []byte) key {
	switch string(name) {
	case "stream":
		return keyStream
	case "data":
		return keyData
	case "pu":
		return keyPrev
	case "ap":
		return keyAverage
	case "st":
		return keySymbolType
	case "lastUpdateId":
		return keyLastUpdateID
	case "bids":
		return keyBids
	case "asks":
		return keyAsks
	case "symbol":
		return keySymbol
	case "symbols":
		return keySymbols
	case "method":
		return keyMethod
	case "result":
		return keyResult
	case "id":
		return keyID
	case "error":
		return keyError
	case "code":
		return keyCode
	case "msg":
		return keyMessage
	case "ct":
		return keyContractType
	case "cs":
		return keyContractStatus
	case "dt":
		return keyDelivery
	case "ot":
		return keyOnboard
	case "bks":
		return keyBrackets
	}
	if len(name) == 1 && isLetter(name[0]) {
		return name[0]
	}
	return 0
}

// isLetter says whether the name of one byte c has a key: every letter has one, which
// lets fields be found double that nothing reads.
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// keyName returns the name in quotes, behind the path of the object it stands in.
func keyName(path string, k key) string {
	if int(k) < len(keyNames) {
		return strconv.Quote(path + keyNames[k])
	}
	return strconv.Quote(path + string(rune(k)))
}
