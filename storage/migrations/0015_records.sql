-- What was made, and what happened, in a span of time.
create index deliveries_by_creation on deliveries (created_at);
create index history_by_time on history (at);
