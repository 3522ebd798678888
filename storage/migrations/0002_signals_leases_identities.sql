-- Names that say what they mean.
alter table deliveries rename column heard_at to reported_at;
alter table deliveries rename column trying to candidate;
alter table deliveries rename column alarm_at to deadline_at;

-- The operator who fetches a parcel out that nobody collects.
alter table deliveries add column fetcher bigint;
