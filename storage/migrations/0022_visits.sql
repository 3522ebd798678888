-- Where a parcel stands among those that its collector fetches in one visit, and since when that visit lasts.
alter table deliveries add column turn text;
alter table deliveries add column visit_at bigint;
