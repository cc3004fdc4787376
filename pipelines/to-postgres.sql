-- For to-postgres: its stdin is the batch.
\getenv site HM_SITE
\getenv key HM_SITE_KEY
-- psql ignores the status of a command: only a text with END at its end is whole.
\set lines `{ tr -d '\000' && printf '\nEND'; } | iconv -c -f UTF-8 -t UTF-8`
SELECT refused > 0 AS bad, refused FROM (SELECT :'lines') AS b(t),
	hm.put(:'site', :'key', CASE WHEN right(t, 4) = E'\nEND' THEN left(t, -4)
	ELSE (right(t, 0) || 'to-postgres: the batch is cut off')::integer::text END)
	\gset
\if :bad
\warn to-postgres: :refused lines are refused: their reasons are in hm.refused
\endif
