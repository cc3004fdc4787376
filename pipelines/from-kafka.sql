-- For from-kafka: its stdin are lines of an offset, a key and a record.
\getenv next next
-- psql ignores the status of a command: only a text with END at its end is whole.
\set lines `{ cat && printf '\nEND'; } | iconv -c -f UTF-8 -t UTF-8`
SELECT coalesce(CASE WHEN right(l, 4) <> E'\nEND' THEN 'the batch is cut off'
	WHEN split_part(l, E'\t', 1)::bigint < :next THEN :'t' || ' begins again at '
	|| split_part(l, E'\t', 1) || ', not at ' || :next
	|| ': delete its hm.kafka_offset' END, '')
	AS wrong FROM (SELECT :'lines') AS b(l) \gset
SELECT ('from-kafka: ' || nullif(:'wrong', ''))::integer WHERE :'wrong' <> '';
SELECT FROM (SELECT :'lines') AS b(l), hm.put_kafka(:'t', :'p', left(l, -4));
