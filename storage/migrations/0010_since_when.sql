-- Since when a card or a request is owed, and when a card was last shown and last rang: `run_at` says
-- when it is tried next, which is another thing. Of what is owed already the next try is all that is
-- known.
alter table cards add column owed_since bigint;
alter table cards add column shown_at bigint;
alter table cards add column rung_at bigint;
update cards set owed_since = run_at where wanted > shown;
alter table deliveries add column asked_at bigint;
update deliveries set asked_at = run_at where request_id is not null;
