-- Example queries over a tape in the directory "tape". Times are shown in UTC; a time that is
-- not known is 1970-01-01, so NULLIF(local, 'epoch') is NULL where nobody noted it.
SET TimeZone = 'UTC';

-- What the tape holds: the three directories above a file name its series.
SELECT array_to_string(parse_path(filename)[-4:-2], '/') AS series,
       count(*) AS rows, min(time) AS first, max(time) AS last
FROM read_parquet('tape/*/*/*/*.parquet', filename = true, union_by_name = true)
GROUP BY ALL ORDER BY ALL;

-- Volume-weighted average price of each minute. Products of two DECIMAL(18,8) do not fit
-- DECIMAL(18,16), so one side is widened first; the quotient is a DOUBLE.
SELECT date_trunc('minute', time) AS minute, count(*) AS trades, sum(qty) AS volume,
       sum(price::DECIMAL(38,8) * qty) AS turnover,
       sum(price::DECIMAL(38,8) * qty) / sum(qty) AS vwap
FROM 'tape/um/BTCUSDT/trades/*.parquet'
WHERE type = 0
GROUP BY ALL ORDER BY ALL;

-- The spread of best bid and ask. A side without orders has price 0.
SELECT min(ask - bid) AS least, median(ask - bid) AS median, max(ask - bid) AS most,
       count_if(ask - bid = 0.1) / count(*) AS at_one_tick
FROM 'tape/um/BTCUSDT/bookTicker/*.parquet'
WHERE bid > 0 AND ask > 0;

-- The best three levels of each side of every snapshot, 1 being a bid and 2 an ask.
SELECT time, last_id, side, price, qty
FROM 'tape/um/BTCUSDT/depth/*.parquet'
WHERE snapshot
QUALIFY row_number() OVER (PARTITION BY last_id, side ORDER BY if(side = 1, -price, price)) <= 3
ORDER BY time, last_id, side, if(side = 1, -price, price);

-- Volumes are DECIMAL(38,8), and so are their sums: exact.
SELECT count(*) AS bars, sum(volume) AS volume, sum(quote_volume) AS quote_volume,
       sum(taker_buy) / sum(volume) AS share_of_buyers
FROM 'tape/um/BTCUSDT/klines-1m/*.parquet';

-- Bars against the trades in them: no row means that all agree.
WITH traded AS (
  SELECT time_bucket(INTERVAL 1 minute, time) AS time, arg_min(price, id) AS open, max(price) AS high,
         min(price) AS low, arg_max(price, id) AS close, sum(qty) AS volume
  FROM 'tape/um/BTCUSDT/trades/*.parquet' WHERE type = 0 GROUP BY ALL
)
SELECT time, bar.volume, traded.volume
FROM 'tape/um/BTCUSDT/klines-1m/*.parquet' AS bar JOIN traded USING (time)
WHERE (bar.open, bar.high, bar.low, bar.close, bar.volume)
      IS DISTINCT FROM (traded.open, traded.high, traded.low, traded.close, traded.volume::DECIMAL(38,8));

-- From the exchange's sending to the recorder's receipt, in microseconds. Below 0 the
-- recorder's clock was slow.
SELECT time::DATE AS day, count(*) AS messages,
       quantile_disc(epoch_us(local) - epoch_us(event), [0, 0.5, 0.9, 0.99, 1]) AS latency_us
FROM 'tape/um/BTCUSDT/trades/*.parquet'
WHERE local > 'epoch' AND event > 'epoch'
GROUP BY ALL ORDER BY ALL;

-- What a market order met: each trade with the best prices known just before it.
SELECT count(*) AS trades, count_if(price = if(buyer_maker, bid, ask)) AS at_the_best,
       median(if(buyer_maker, bid - price, price - ask)) AS beyond_the_best
FROM 'tape/um/BTCUSDT/trades/*.parquet' AS trade
ASOF JOIN 'tape/um/BTCUSDT/bookTicker/*.parquet' AS best ON best.time < trade.time
WHERE type = 0 AND trade.time::DATE = best.time::DATE;

-- What the files say about themselves.
SELECT array_to_string(parse_path(file_name)[-4:-2], '/') AS series, parse_path(file_name)[-1] AS file,
       max(decode(value)) FILTER (decode(key) = 'pmbot.schema') AS schema,
       max(decode(value)) FILTER (decode(key) = 'pmbot.clock') AS clock,
       max(decode(value)) FILTER (decode(key) = 'pmbot.rows') AS rows,
       max(decode(value)) FILTER (decode(key) = 'pmbot.rows_sha256')[:12] AS rows_sha256
FROM parquet_kv_metadata('tape/um/BTCUSDT/*/*.parquet')
GROUP BY ALL ORDER BY ALL;

-- The gaps that the files list.
SELECT parse_path(file_name)[-1] AS file, unnest(from_json(decode(value),
       '[{"from": "TIMESTAMPTZ", "to": "TIMESTAMPTZ", "missing": "BIGINT"}]'), recursive := true)
FROM parquet_kv_metadata('tape/um/BTCUSDT/klines-1m/*.parquet')
WHERE decode(key) = 'pmbot.gaps';
