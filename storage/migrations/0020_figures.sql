-- What was booked, and what its recipients have collected, at a tower in a span of time: read from the index alone.
-- Both are of some rows only, so that no other question about a tower is answered by them.
create index deliveries_booked on deliveries (tower, created_at, successor) where successor is null;
create index deliveries_collected on deliveries (tower, collected_at, taken_back, fetcher, occupied_at, reported_at)
where collected_at is not null;
-- How many doors of a tower that can be used were free, once an hour.
create table free_doors (
    tower text not null,
    at bigint not null,
    free bigint not null,
    doors bigint not null,
    primary key (tower, at)
);
create index free_doors_by_time on free_doors (at);
