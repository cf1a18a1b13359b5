// Package download fetches Binance's public archives, and what these do not have yet over
// REST, into a tape.
//
// [Run] plans which archives hold a time, asks for them with several workers, verifies each
// against its CHECKSUM file, and gives it to one importer while the others still come.
// [Look] says what Run would fetch. Both promise:
//
//   - A tape ends with the same rows whatever went wrong on the way: resets, truncation,
//     wrong bytes, throttling, kills. An archive is imported whole or not at all.
//   - Nothing is fetched twice without need: a partial file is continued by Range with
//     If-Range, a finished one is kept until it is imported, and of an archive that the
//     tape has by the SHA-256 in its CHECKSUM file only that small file is fetched.
//   - Every wait, body, retry, queue and file has a bound; see [Limits].
//   - No name that a server sends becomes a path: paths are built here, and a listing only
//     says which of them exist.
//
// # Which archives
//
// A month that is over and wanted whole is taken as the monthly archive; if that is not
// there, as its days. Other times are taken as days. Funding rates have months only, so
// that the months around a time are taken whole; metrics, bookDepth and liquidationSnapshot
// have days only. Where the bucket can be listed, the listing says what exists and how large
// it is; where it cannot, each archive is asked for.
//
// # What goes wrong, and what is done
//
//	404                          missing, with the likely reason; never retried
//	429, 503                     all workers pause as long as Retry-After says, else with
//	                             backoff; more than Limits.PauseMax is an ErrThrottled
//	408, other 5xx, resets,      tried again with exponential backoff and jitter; an attempt
//	truncation, stalls, no zip   that brought the file forward does not count
//	other 4xx, a redirect to     an ErrRefused at once
//	another host, a packed body
//	bytes that do not agree      the CHECKSUM is fetched again, and if it still disagrees
//	                             the archive; after three rounds an ErrChecksum
//	no CHECKSUM file             told; the archive's length and its zip checksums stand
//	an archive without rows      told, and noted on the tape
//	the disk, or a lock          the run stops; what came is kept for the next one
//	an archive was replaced      told with both checksums; the new one is imported, which
//	                             fails if it contradicts rows of the old one
//
// # Assumed
//
// The reference says nothing about these; each is the reading that is worse for a careless
// client. The bucket may ignore Range; then a file begins again. A CHECKSUM may be a moment
// older or newer than its archive. An answer without a Content-Length is no archive of more
// than 1 GiB. A last page of a listing that says it is truncated without going on is an
// error.
//
// The command is "pmbot data download". Start reading at [Run]; run.go joins the parts,
// fetch.go has the life of one archive, client.go the manners towards a server.
package download
